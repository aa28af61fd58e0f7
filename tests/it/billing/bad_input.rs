//! What is wrong is refused or set aside with the reason, and never becomes a wrong amount.

use serde_json::{Value, json};

use super::ground::{acme, issue, lines, pages, plan, subscribe, too_many, wish};
use crate::gateway::house::{House, Tenant};

async fn refused(house: &House, acme: &Tenant, mutation: &str, input: Value) -> String {
    let payload = house.mutate(&acme.token, mutation, input).await;
    let message = payload["userErrors"][0]["message"].as_str();
    message.unwrap_or_else(|| panic!("{payload:#}")).to_owned()
}

/// What makes a plan wrong, and what is said of it.
type WrongPlan = (fn(&mut Value), &'static str);

async fn set_aside(house: &House, acme: &Tenant, meter: &str) -> Vec<String> {
    house.settle().await;
    let document = "{ quarantinedUsage(first: 100) { nodes { meter reason } } }";
    let data = house.ask(&acme.token, document, json!({})).await;
    let nodes = data["quarantinedUsage"]["nodes"].as_array().unwrap().clone();
    let mine = nodes.iter().filter(|node| node["meter"] == meter);
    mine.map(|node| node["reason"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_or_a_meter_that_cannot_be_rated_is_refused_where_it_is_defined() {
    let house = House::open_wide().await;
    let acme = acme(&house).await;
    let wrong = |change: fn(&mut Value)| {
        let mut plan = plan();
        plan["id"] = json!("wrong");
        change(&mut plan["version"]);
        plan
    };
    let plans: [WrongPlan; 6] = [
        (
            |version| {
                version["charges"][0]["price"]["tiers"] = json!([
                    { "up_to": "10", "unit_price": { "EUR": "1" } }, { "up_to": "10", "unit_price": { "EUR": "2" } },
                    { "unit_price": { "EUR": "3" } } ]);
            },
            "tiers[1]",
        ),
        (
            |version| {
                version["charges"][0]["price"]["tiers"] = json!([
                    { "up_to": "10", "unit_price": { "EUR": "1" } }, { "up_to": "7", "unit_price": { "EUR": "2" } },
                    { "unit_price": { "EUR": "3" } } ]);
            },
            "tiers[1]",
        ),
        (
            |version| drop(version.as_object_mut().unwrap().remove("currencies")),
            "currencies",
        ),
        (
            |version| version["currencies"] = json!([]),
            "there is no currency",
        ),
        (
            |version| version["charges"][0]["price"]["tiers"][0]["unit_price"] = json!({ "EUR": "-1" }),
            "unit_price",
        ),
        (
            |version| version["fees"][0]["price"] = json!({ "EUR": 310 }),
            "expected a string",
        ),
    ];
    for (change, place) in plans {
        let message = refused(&house, &acme, "definePlan", wrong(change)).await;
        assert!(message.contains(place), "{message}");
    }
    let meter = |value: &str, unit: &str| {
        json!({ "id": "odd", "label": "Odd", "eventType": "usage.odd", "value": value, "aggregation": "SUM",
            "unit": unit })
    };
    let message = refused(
        &house,
        &acme,
        "defineMeter",
        meter("decimal(data.quantity)", "furlong"),
    )
    .await;
    assert!(message.contains("there is no unit \"furlong\""), "{message}");
    // A charge in another unit than its meter counts in is refused; one over a meter that comes later, in another unit, rates
    // nothing.
    let in_tokens = wrong(|version| version["charges"][0]["unit"] = json!("token"));
    let message = refused(&house, &acme, "definePlan", in_tokens).await;
    assert_eq!(
        message,
        "charges[0].unit: the meter pages counts in \"page\", not in \"token\": name the meter's unit"
    );
    let mut next = plan()["version"].clone();
    next["version"] = json!(2);
    next["effective_from"] = json!("2025-01-01T00:00:00Z");
    next["charges"][0]["meter"] = json!("platform.agent_runs");
    let message = refused(
        &house,
        &acme,
        "addPlanVersion",
        json!({ "id": "results", "version": next }),
    )
    .await;
    assert_eq!(
        message,
        "charges[0].unit: the meter platform.agent_runs counts in \"run\", not in \"page\": name the meter's unit"
    );
    let mut other = wrong(|version| version["charges"][0]["meter"] = json!("odd"));
    other["id"] = json!("other");
    house.done(&acme.token, "definePlan", other).await;
    house
        .done(
            &acme.token,
            "defineMeter",
            meter("decimal(data.quantity)", "token"),
        )
        .await;
    house.settle().await;
    let subscription = json!({
        "id": "s2", "plan": "other", "price": { "amount": "310", "currency": "EUR" },
        "occurredAt": "2025-03-01T00:00:00+01:00",
    });
    house.done(&acme.token, "startSubscription", subscription).await;
    let message = refused(&house, &acme, "issueInvoice", wish("s2", "2025-03-20T00:00:00Z")).await;
    assert!(
        message.contains("its meter odd counts in another unit: token"),
        "{message}"
    );
    let early = json!({
        "id": "s2", "plan": "results", "price": { "amount": "400", "currency": "EUR" },
        "occurredAt": "2025-02-01T00:00:00Z",
    });
    let message = refused(&house, &acme, "changeSubscriptionPlan", early).await;
    assert!(
        message.contains("2025-02-01"),
        "a change before the start: {message}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_without_a_value_is_set_aside_one_ahead_of_the_clock_is_refused_and_the_rest_is_billed() {
    let house = House::open_wide().await;
    let acme = acme(&house).await;
    subscribe(&house, &acme, "s1", "2025-03-01T00:00:00+01:00").await;
    let meter = |id: &str, value: &str| {
        json!({ "id": id, "label": id, "eventType": "usage.pages", "value": value, "aggregation": "SUM",
            "unit": "page" })
    };
    house
        .done(
            &acme.token,
            "defineMeter",
            meter("divided", "decimal(data.quantity) / (decimal(data.quantity) - 4)"),
        )
        .await;
    house
        .done(
            &acme.token,
            "defineMeter",
            meter("missing", "decimal(data.price)"),
        )
        .await;
    pages(&house, &acme, &[("a", "2025-03-20T10:00:00Z", "4")]).await;
    // A clock two days ahead: the log's own stands at noon of the 2nd of March.
    let ahead = json!({ "records": [{ "id": "b", "type": "usage.pages", "quantity": "100", "unit": "page",
        "occurredAt": "2026-03-04T12:00:00Z" }] });
    let record = "mutation($input: RecordUsageInput!) { recordUsage(input: $input) {
        results { outcome userErrors { message } } } }";
    let answer = house.ask(&acme.token, record, json!({ "input": ahead })).await;
    let result = &answer["recordUsage"]["results"][0];
    assert_eq!(result["outcome"], "REJECTED");
    let message = result["userErrors"][0]["message"].as_str().unwrap();
    assert!(
        message.contains("occurred at 2026-03-04T12:00:00Z, which is more than"),
        "{message}"
    );
    let divided = set_aside(&house, &acme, "divided").await;
    assert!(
        divided.iter().any(|reason| reason.contains("it divides by zero")),
        "{divided:?}"
    );
    let missing = set_aside(&house, &acme, "missing").await;
    assert!(
        missing
            .iter()
            .any(|reason| reason.contains("there is no field data.price")),
        "{missing:?}"
    );
    let counted = set_aside(&house, &acme, "pages").await;
    assert!(counted.is_empty(), "{counted:?}");
    let march = issue(&house, &acme, "2025-03-20T00:00:00Z").await;
    assert_eq!(lines(&march), ["pages USAGE 2.00", "platform FEE 310.00"]);
    // Less than nothing is refused, and the number is not lost.
    too_many(&house, &acme, ("c", "a", "2025-04-20T10:00:00Z"), 5).await;
    let message = refused(&house, &acme, "issueInvoice", wish("s1", "2025-04-20T00:00:00Z")).await;
    assert!(message.contains("pages") && message.contains("-5"), "{message}");
    pages(&house, &acme, &[("d", "2025-04-20T11:00:00Z", "5")]).await;
    let april = issue(&house, &acme, "2025-04-20T00:00:00Z").await;
    assert_eq!(april["localId"], "INV-000002");
    assert_eq!(lines(&april), ["pages USAGE 0.00", "platform FEE 310.00"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_correction_of_an_unknown_event_is_refused_and_one_of_a_known_event_names_it() {
    let house = House::open_wide().await;
    let acme = acme(&house).await;
    let other = house.tenant("other").await;
    subscribe(&house, &acme, "s1", "2025-03-01T00:00:00+01:00").await;
    pages(&house, &acme, &[("a", "2025-03-20T10:00:00Z", "11.5")]).await;
    let fact = |id: &str, quantity: &str, corrects: &str| {
        json!({ "id": id, "type": "usage.pages", "quantity": quantity, "unit": "page", "corrects": corrects,
            "occurredAt": "2025-03-20T10:00:00Z" })
    };
    // One corrects nothing that the log has, one a record of the same batch, and one what came before.
    let batch = json!({ "records": [fact("b", "-100", "unheard-of"), fact("c", "-1.5", "a"), fact("d", "-100", "c")] });
    let payload = house.mutate(&acme.token, "recordUsage", batch).await;
    let outcomes: Vec<&Value> = payload["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| &result["outcome"])
        .collect();
    assert_eq!(outcomes, ["REJECTED", "RECORDED", "REJECTED"]);
    let error = &payload["results"][0]["userErrors"][0];
    assert_eq!(error["code"], "UNKNOWN_RECORD");
    assert_eq!(error["path"], json!(["input", "records", "0", "corrects"]));
    assert_eq!(
        error["message"],
        "there is no record \"unheard-of\" in the log to be corrected"
    );
    // Another tenant's record is unknown, too.
    let stolen = json!({ "records": [fact("e", "-1", "a")] });
    let payload = house.mutate(&other.token, "recordUsage", stolen).await;
    assert_eq!(payload["results"][0]["userErrors"][0]["code"], "UNKNOWN_RECORD");
    house.settle().await;
    let march = issue(&house, &acme, "2025-03-20T00:00:00Z").await;
    assert_eq!(lines(&march), ["pages USAGE 5.00", "platform FEE 310.00"]);
    let log = "{ meterUsage(meter: \"pages\", from: \"2025-03-20\", to: \"2025-03-20\") { buckets { quantity
        evidence(first: 5) { nodes { payload } } } } }";
    let data = house.ask(&acme.token, log, json!({})).await;
    let bucket = &data["meterUsage"]["buckets"][0];
    assert_eq!(bucket["quantity"], "10");
    let correction = bucket["evidence"]["nodes"][1]["payload"].to_string();
    assert!(correction.contains("corrects"), "{correction}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_correction_of_an_unknown_invoice_or_line_is_refused() {
    let house = House::open_wide().await;
    let acme = acme(&house).await;
    subscribe(&house, &acme, "s1", "2025-03-01T00:00:00+01:00").await;
    issue(&house, &acme, "2025-03-20T00:00:00Z").await;
    let credit = |id: &str, line: u32| json!({ "id": id, "line": line, "amount": { "amount": "1.00", "currency": "EUR" }, "reason": "an outage" });
    let payload = house
        .mutate(&acme.token, "creditInvoice", credit("INV-000009", 1))
        .await;
    assert_eq!(payload["userErrors"][0]["code"], "NOT_FOUND");
    let payload = house
        .mutate(&acme.token, "creditInvoice", credit("INV-000001", 9))
        .await;
    assert_eq!(payload["userErrors"][0]["code"], "NO_LINE");
}
