//! Outcome prices: billed once, credited when they are undone in time, each with the events behind it.

use serde_json::{Value, json};

use super::credits::verify;
use super::ground::{invoice, issue, lines};
use crate::gateway::house::{House, Tenant};

/// A tenant that pays for resolved conversations, qualified leads, and a share of what is recovered.
async fn results(house: &House) -> Tenant {
    let acme = house.tenant("acme").await;
    let meter = |id: &str, event: &str, unit: &str| json!({ "id": id, "label": id, "eventType": event, "aggregation": "COUNT", "unit": unit });
    for (id, event) in [
        ("resolved", "usage.conversation.resolved"),
        ("reopened", "usage.conversation.reopened"),
        ("quiet", "usage.conversation.quiet"),
        ("taken_back", "custom.recovery_taken_back"),
    ] {
        let unit = if id == "taken_back" {
            "claim"
        } else {
            "conversation"
        };
        house
            .done(&acme.token, "defineMeter", meter(id, event, unit))
            .await;
    }
    let of = |name: &str| json!(format!("data.dimensions.{name}"));
    let price = |amount: &str| json!({ "model": "standard", "unit_price": { "EUR": amount } });
    let plan = json!({ "id": "outcomes", "name": "Results", "version": {
        "version": 1, "effective_from": "2024-01-01T00:00:00Z", "currencies": ["EUR"], "interval": "monthly",
        "charges": [
            { "code": "resolved", "name": "Resolved conversations", "meter": "resolved", "unit": "conversation",
              "price": price("0.99"),
              "outcome": { "bill": "confirmed_and_assumed", "stability_days": 3, "key": of("conversation"),
                "assumed": { "meter": "quiet" }, "reversed": { "meter": "reopened" } } },
            { "code": "qualified", "name": "Qualified leads", "meter": "sales.leads_qualified", "unit": "lead",
              "price": price("25"),
              "outcome": { "bill": "confirmed", "stability_days": 14,
                "reversed": { "meter": "sales.leads_disqualified" } } },
            { "code": "recovered", "name": "Share of what is recovered", "meter": "claims.recovered_amount",
              "unit": "amount", "price": { "model": "percentage", "rate_percent": "15" },
              "outcome": { "bill": "confirmed", "stability_days": 90,
                "reversed": { "meter": "taken_back", "key": of("claim") } } },
        ],
    } });
    house.done(&acme.token, "definePlan", plan).await;
    let subscription = json!({
        "id": "s1", "plan": "outcomes", "price": { "amount": "0", "currency": "EUR" },
        "occurredAt": "2025-03-01T00:00:00+01:00",
    });
    house.done(&acme.token, "startSubscription", subscription).await;
    acme
}

/// Facts: an id, a type, a dimension with its value, and when.
async fn facts(house: &House, acme: &Tenant, facts: &[(&str, &str, (&str, &str), &str)]) {
    let record = |(id, kind, (name, value), at): &(&str, &str, (&str, &str), &str)| {
        json!({ "id": id, "type": kind, "quantity": "1", "occurredAt": at,
            "dimensions": [{ "name": name, "value": value }] })
    };
    let records: Vec<Value> = facts.iter().map(record).collect();
    house
        .done(&acme.token, "recordUsage", json!({ "records": records }))
        .await;
}

async fn qualified(house: &House, acme: &Tenant, id: &str, at: &str) {
    let lead =
        json!({ "id": id, "vertical": "sales", "source": "web", "occurredAt": "2025-03-01T10:00:00Z" });
    house.done(&acme.token, "captureLead", lead).await;
    let input = json!({ "id": id, "score": 80, "occurredAt": at });
    house.done(&acme.token, "qualifyLead", input).await;
}

async fn disqualified(house: &House, acme: &Tenant, id: &str, at: &str) {
    let input = json!({ "id": id, "reason": "a student", "occurredAt": at });
    house.done(&acme.token, "disqualifyLead", input).await;
}

async fn recovered(house: &House, acme: &Tenant, id: &str, (amount, at): (&str, &str)) {
    let eur = |amount: &str| json!({ "amount": amount, "currency": "EUR" });
    let steps = [
        (
            "submitClaim",
            json!({ "id": id, "vertical": "claims", "payer": "Payer", "billed": eur("900.00"),
            "serviceDate": "2025-03-01", "patient": "P-1", "occurredAt": "2025-03-02T10:00:00Z" }),
        ),
        (
            "denyClaim",
            json!({ "id": id, "reasonCodes": ["CO-97"], "reason": "bundled",
            "occurredAt": "2025-03-03T10:00:00Z" }),
        ),
        (
            "appealClaim",
            json!({ "id": id, "reason": "separate", "occurredAt": "2025-03-04T10:00:00Z" }),
        ),
        (
            "recoverClaim",
            json!({ "id": id, "amount": eur(amount), "occurredAt": at }),
        ),
    ];
    for (mutation, input) in steps {
        house.done(&acme.token, mutation, input).await;
    }
}

/// The streams behind the line of a place.
fn behind(invoice: &Value, place: usize) -> Vec<String> {
    let nodes = invoice["lines"][place]["evidence"]["nodes"].as_array().unwrap();
    let id = |node: &Value| node["stream"]["id"].as_str().unwrap().to_owned();
    nodes.iter().map(id).collect()
}

async fn preview(house: &House, acme: &Tenant, at: &str) -> Vec<String> {
    house.settle().await;
    let document = "query($at: DateTime) { invoicePreview(subscription: \"s1\", at: $at) {
        lines { code kind amount { amount } } } }";
    lines(&house.ask(&acme.token, document, json!({ "at": at })).await["invoicePreview"])
}

#[tokio::test(flavor = "multi_thread")]
async fn outcomes_are_billed_once_and_credited_with_their_events_when_they_are_undone_in_time() {
    let house = House::open_wide().await;
    let acme = results(&house).await;
    let (resolved, reopened, quiet) = (
        "usage.conversation.resolved",
        "usage.conversation.reopened",
        "usage.conversation.quiet",
    );
    let of = |id| ("conversation", id);
    facts(
        &house,
        &acme,
        &[
            ("f1", resolved, of("c1"), "2025-03-10T10:00:00Z"),
            ("f2", resolved, of("c2"), "2025-03-10T10:00:00Z"),
            // Undone before it is billed.
            ("f3", reopened, of("c2"), "2025-03-12T10:00:00Z"),
            // Assumed, then confirmed: one outcome.
            ("f4", quiet, of("c3"), "2025-03-11T10:00:00Z"),
            ("f5", resolved, of("c3"), "2025-04-02T10:00:00Z"),
            // A reversal of what nobody knows is no outcome, and no credit.
            ("f6", reopened, of("c9"), "2025-03-12T10:00:00Z"),
        ],
    )
    .await;
    for (id, at) in [
        ("l1", "2025-03-20T10:00:00Z"),
        ("l2", "2025-03-25T10:00:00Z"),
        ("l3", "2025-03-26T10:00:00Z"),
    ] {
        qualified(&house, &acme, id, at).await;
    }
    recovered(&house, &acme, "k1", ("333.33", "2025-03-28T10:00:00Z")).await;
    recovered(&house, &acme, "k2", ("100.00", "2025-03-29T10:00:00Z")).await;
    let expected = [
        "resolved USAGE 1.98",
        "qualified USAGE 75.00",
        "recovered USAGE 65.00",
    ];
    assert_eq!(preview(&house, &acme, "2025-03-20T00:00:00Z").await, expected);
    let march = issue(&house, &acme, "2025-03-20T00:00:00Z").await;
    assert_eq!(lines(&march), expected);
    assert_eq!(behind(&march, 0).len(), 5, "c1, c2 and what undid it, c3 twice");
    assert_eq!(behind(&march, 1), ["l1", "l2", "l3"]);

    // In the window, and on its last day; after it; the share of a claim; a conversation too late.
    disqualified(&house, &acme, "l1", "2025-04-01T10:00:00Z").await;
    disqualified(&house, &acme, "l2", "2025-04-08T21:59:59Z").await;
    disqualified(&house, &acme, "l3", "2025-04-10T00:00:00+02:00").await;
    facts(
        &house,
        &acme,
        &[
            (
                "f7",
                "custom.recovery_taken_back",
                ("claim", "k1"),
                "2025-05-02T10:00:00Z",
            ),
            ("f8", reopened, of("c1"), "2025-03-14T00:00:00+01:00"),
        ],
    )
    .await;
    let april = issue(&house, &acme, "2025-04-20T00:00:00Z").await;
    let expected = [
        "resolved USAGE 0.00",
        "qualified USAGE 0.00",
        "recovered USAGE 0.00",
        "qualified CORRECTION -50.00",
        "recovered CORRECTION -50.00",
    ];
    assert_eq!(lines(&april), expected);
    let of_march = json!({
        "invoice": "INV-000001", "kind": "USAGE", "firstDay": "2025-03-01", "lastDay": "2025-03-31",
    });
    assert_eq!(april["lines"][3]["corrects"], of_march);
    assert_eq!(behind(&april, 3), ["l1", "l2"], "what undid them");
    assert_eq!(
        april["lines"][3]["evidence"]["nodes"][0]["occurredAt"],
        "2025-04-01T10:00:00Z"
    );
    assert_eq!(behind(&april, 4).len(), 1);
    // In the window, but written down a year later.
    facts(
        &house,
        &acme,
        &[("f9", reopened, of("c3"), "2025-03-13T10:00:00Z")],
    )
    .await;
    let may = issue(&house, &acme, "2025-05-20T00:00:00Z").await;
    // The assumption is undone; the confirmation of April is an outcome of its own by that.
    assert_eq!(
        lines(&may)[3..],
        ["resolved CORRECTION -0.99", "resolved CORRECTION 0.99"]
    );
    assert_eq!(
        verify(&house).await,
        "3 the same, 0 different, 0 could not be folded again\n"
    );
    let what_if = "{ whatIf(subscription: \"s1\", at: \"2025-03-20T00:00:00Z\", plan: \"outcomes\") {
        actual { total { amount } } supposed { total { amount } } billed { amount } } }";
    let told = house.ask(&acme.token, what_if, json!({})).await["whatIf"].clone();
    // c1; l3; 15 % of 100.
    assert_eq!(told["actual"]["total"]["amount"], "40.99");
    assert_eq!(
        (&told["supposed"], &told["billed"]["amount"]),
        (&told["actual"], &json!("40.99"))
    );
    let march = invoice(&house, &acme, "INV-000001").await;
    assert_eq!(march["total"]["amount"], "141.98", "it is frozen");
}

#[tokio::test(flavor = "multi_thread")]
async fn outcomes_that_cannot_be_told_are_refused_with_the_reason() {
    let house = House::open_wide().await;
    let acme = results(&house).await;
    let plan = |outcome: Value| {
        json!({ "id": "wrong", "name": "Wrong", "version": {
            "version": 1, "effective_from": "2024-01-01T00:00:00Z", "currencies": ["EUR"], "interval": "monthly",
            "charges": [{ "code": "qualified", "name": "Qualified", "meter": "sales.leads_qualified", "unit": "lead",
                "price": { "model": "standard", "unit_price": { "EUR": "25" } }, "outcome": outcome }],
        } })
    };
    let wrong = [
        (
            json!({ "bill": "confirmed", "stability_days": 3, "key": "data." }),
            "outcome.key",
        ),
        (
            json!({ "bill": "confirmed", "stability_days": -1 }),
            "invalid value",
        ),
    ];
    for (outcome, reason) in wrong {
        let payload = house.mutate(&acme.token, "definePlan", plan(outcome)).await;
        let message = payload["userErrors"][0]["message"].as_str().unwrap_or_default();
        assert!(message.contains(reason), "{payload:#}");
    }
    // A meter may come later than the plan; until then nothing is rated, and nothing is wrong.
    let later =
        plan(json!({ "bill": "confirmed", "stability_days": 3, "reversed": { "meter": "unheard_of" } }));
    house.done(&acme.token, "definePlan", later).await;
    let subscription = json!({
        "id": "s2", "plan": "wrong", "price": { "amount": "0", "currency": "EUR" },
        "occurredAt": "2025-03-01T00:00:00+01:00",
    });
    house.done(&acme.token, "startSubscription", subscription).await;
    house.settle().await;
    let document =
        "{ invoicePreview(subscription: \"s2\", at: \"2025-03-20T00:00:00Z\") { total { amount } } }";
    let answer = house.answer(&acme.token, document, json!({})).await;
    let message = answer["errors"][0]["message"].as_str().unwrap_or_default();
    assert!(
        message.contains("the charge qualified counts with the meter unheard_of, and there is none"),
        "{answer:#}"
    );
}
