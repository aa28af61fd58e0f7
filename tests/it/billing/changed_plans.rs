//! What changing a plan does to the period that is paid for: the plan that is left says so, and no more is given back than was
//! invoiced.

use serde_json::{Value, json};

use super::ground::{acme, issue, lines, pages, subscribe, total, wish};
use crate::gateway::house::{House, Tenant};

/// A plan of so much a month in advance.
fn plan(id: &str, fee: &str, changes: Value) -> Value {
    json!({ "id": id, "name": "Results", "version": {
        "version": 1, "effective_from": "2024-01-01T00:00:00Z", "currencies": ["EUR"], "interval": "monthly",
        "fees": [{ "code": "platform", "name": "Platform", "price": { "EUR": fee } }], "changes": changes,
    } })
}

async fn opening(house: &House, acme: &Tenant, at: &str) -> Value {
    let mut input = wish("s1", at);
    input["stage"] = json!("OPENING");
    let payload = house.done(&acme.token, "issueInvoice", input).await;
    house.settle().await;
    super::ground::invoice(house, acme, payload["localId"].as_str().unwrap()).await
}

/// The lines of May's second invoice and its total, or why there is none, when a plan of the first fee is left for one of the second on 11 May.
async fn left(name: &str, (old, new): (&str, &str), changes: Value) -> (Vec<String>, Value) {
    let house = House::open_wide().await;
    let tenant = house.tenant(name).await;
    for plan in [plan("old", old, changes), plan("new", new, json!({}))] {
        house.done(&tenant.token, "definePlan", plan).await;
    }
    let start = json!({ "id": "s1", "plan": "old", "price": { "amount": old, "currency": "EUR" },
        "occurredAt": "2025-05-01T00:00:00+02:00" });
    house.done(&tenant.token, "startSubscription", start).await;
    let first = opening(&house, &tenant, "2025-05-02T00:00:00Z").await;
    assert_eq!(lines(&first), [format!("platform FEE {old}.00")]);
    let change = json!({ "id": "s1", "plan": "new", "price": { "amount": new, "currency": "EUR" },
        "occurredAt": "2025-05-11T10:00:00+02:00" });
    house.done(&tenant.token, "changeSubscriptionPlan", change).await;
    house.settle().await;
    let wanted = wish("s1", "2025-05-20T00:00:00Z");
    let payload = house.mutate(&tenant.token, "issueInvoice", wanted).await;
    let Some(id) = payload["localId"].as_str() else {
        return (vec![], payload["userErrors"][0]["code"].clone());
    };
    house.settle().await;
    let closing = super::ground::invoice(&house, &tenant, id).await;
    (lines(&closing), closing["total"]["amount"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_days_that_are_paid_for_and_not_used_are_credited_unless_the_plan_says_otherwise() {
    // 21 of 31 days: 13.55 of 20, and 27.10 of 40.
    let usual = left("usual", ("20", "40"), json!({})).await;
    assert_eq!(
        usual,
        (
            vec![
                "platform CORRECTION -13.55".to_owned(),
                "platform FEE 27.10".to_owned()
            ],
            json!("13.55")
        )
    );
    // "21 days x $40 / 31 days - $20 already invoiced" (Lago's documented upgrade).
    let invoiced = left("invoiced", ("20", "40"), json!({ "old_fees": "credit_invoiced" })).await;
    assert_eq!(
        invoiced,
        (
            vec![
                "platform CORRECTION -20.00".to_owned(),
                "platform FEE 27.10".to_owned()
            ],
            json!("7.10")
        )
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cheaper_plan_is_in_force_from_the_next_period_on_or_at_once() {
    let kept = left("kept", ("40", "20"), json!({})).await;
    assert_eq!(kept, (vec![], json!("NOTHING_TO_BILL")));
    let at_once = left("at-once", ("40", "20"), json!({ "downgrade": "at_once" })).await;
    assert_eq!(
        at_once,
        (
            vec![
                "platform CORRECTION -27.10".to_owned(),
                "platform FEE 13.55".to_owned()
            ],
            json!("-13.55")
        )
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_coupon_took_off_and_a_credit_note_gave_back_is_not_given_back_again() {
    let house = House::open_wide().await;
    let acme = acme(&house).await;
    subscribe(&house, &acme, "s1", "2025-03-01T00:00:00+01:00").await;
    let coupon = json!({ "code": "less", "discount": { "amount": { "EUR": "110" } }, "lasts": "once" });
    let apply = json!({ "id": "s1", "coupon": coupon, "occurredAt": "2025-03-01T00:00:00+01:00" });
    house.done(&acme.token, "applyCoupon", apply).await;
    let taxes = json!([{ "code": "vat", "name": "VAT", "rate_percent": "19" }]);
    let levy = json!({ "id": "s1", "taxes": taxes, "occurredAt": "2025-03-01T00:00:00+01:00" });
    house.done(&acme.token, "setSubscriptionTaxes", levy).await;
    let first = opening(&house, &acme, "2025-03-02T00:00:00Z").await;
    // 310 less 110, and 19 % of it.
    assert_eq!(first["total"]["amount"], "238.00");
    // Half of the line is half of what is left of it: 100, and 19.
    let credit = json!({ "id": first["localId"], "line": 1, "amount": { "amount": "155", "currency": "EUR" },
        "reason": "an outage" });
    house.done(&acme.token, "creditInvoice", credit).await;
    house.settle().await;
    // It ends on its first day: all of the fee was paid for and not used.
    let cancel = json!({ "id": "s1", "reason": "moved", "occurredAt": "2025-03-01T10:00:00+01:00" });
    house.done(&acme.token, "cancelSubscription", cancel).await;
    let last = issue(&house, &acme, "2025-03-20T00:00:00Z").await;
    assert_eq!(
        lines(&last),
        ["platform CORRECTION -155.00", "credit_notes TRUE_UP 55.00"]
    );
    assert_eq!(last["total"]["amount"], "-119.00");
    // 238 were invoiced, 119 given back by the note, and the rest by the correction.
    assert_eq!(total(&house, &acme).await.to_string(), "119.00");
    let verify = tokio::process::Command::new(env!("CARGO_BIN_EXE_annals-program"))
        .args(["invoices", "verify", "--all", "--database-url", house.url()])
        .output()
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&verify.stdout).into_owned();
    assert_eq!(said, "2 the same, 0 different, 0 could not be folded again\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_with_terms_that_nobody_knows_is_refused() {
    let house = House::open_wide().await;
    let acme = house.tenant("acme").await;
    for (id, bad, named) in [
        ("one", plan("one", "20", json!({ "downgrade": "never" })), "never"),
        (
            "two",
            plan("two", "20", json!({ "upgrade": "at_once" })),
            "upgrade",
        ),
    ] {
        let document = "mutation($input: DefinePlanInput!) { definePlan(input: $input) { userErrors { code message } } }";
        let data = house.ask(&acme.token, document, json!({ "input": bad })).await;
        let errors = data["definePlan"]["userErrors"].to_string();
        assert!(errors.contains(named), "{id}: {errors}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_takes_the_plans_version_of_its_day_and_changes_nothing_without_one() {
    let house = House::open_wide().await;
    let acme = acme(&house).await;
    subscribe(&house, &acme, "s1", "2025-05-01T00:00:00+02:00").await;
    let cheaper = json!({ "id": "results", "version": {
        "version": 2, "effective_from": "2025-05-10T00:00:00Z", "currencies": ["EUR"], "interval": "monthly",
        "fees": [{ "code": "platform", "name": "Platform", "price": { "EUR": "310" } }],
        "charges": [{ "code": "pages", "name": "Pages", "meter": "pages", "unit": "page",
            "price": { "model": "standard", "unit_price": { "EUR": "0.2" } } }],
    } });
    house.done(&acme.token, "addPlanVersion", cheaper).await;
    let facts = [
        ("a", "2025-05-05T10:00:00Z", "10"),
        ("b", "2025-05-15T10:00:00Z", "10"),
    ];
    pages(&house, &acme, &facts).await;
    let preview = async || {
        house.settle().await;
        let document = "{ invoicePreview(subscription: \"s1\", at: \"2025-05-20T00:00:00Z\") {
            lines { code kind amount { amount } } } }";
        lines(&house.ask(&acme.token, document, json!({})).await["invoicePreview"])
    };
    // Ten at 0.50 and ten at 0.333, as long as the first version is in force.
    let as_it_began = ["platform FEE 310.00", "pages USAGE 8.33"];
    let mut told = preview().await;
    told.retain(|line| !line.ends_with(" 0.00"));
    let mut expected: Vec<String> = as_it_began.map(str::to_owned).into();
    told.sort();
    expected.sort();
    assert_eq!(told, expected);
    let renewed = async |at: &str| {
        let input = json!({ "id": "s1", "occurredAt": at });
        house.done(&acme.token, "renewSubscriptionPlan", input).await;
        let mut told = preview().await;
        told.retain(|line| !line.ends_with(" 0.00"));
        told.sort();
        told
    };
    assert_eq!(
        renewed("2025-05-03T10:00:00+02:00").await,
        expected,
        "the same version"
    );
    // From the eleventh on: 10 and 21 of 31 days, ten pages at 0.50 and ten at 0.20.
    assert_eq!(
        renewed("2025-05-11T10:00:00+02:00").await,
        [
            "pages USAGE 2.00",
            "pages USAGE 5.00",
            "platform FEE 100.00",
            "platform FEE 210.00"
        ]
    );
    let canceled = json!({ "id": "s1", "reason": "moved", "occurredAt": "2025-05-30T10:00:00+02:00" });
    house.done(&acme.token, "cancelSubscription", canceled).await;
    let payload = house
        .mutate(&acme.token, "renewSubscriptionPlan", json!({ "id": "s1" }))
        .await;
    assert_eq!(payload["userErrors"][0]["code"], "CANCELED", "{payload}");
}
