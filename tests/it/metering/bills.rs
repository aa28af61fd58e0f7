//! From a tenant's own plan over its own meter to a period's running total, line by line.

use serde_json::{Value, json};

use super::usage::{meter, record};
use crate::gateway::house::{House, Tenant};

const PREVIEW: &str = "query($at: DateTime!) { invoicePreview(subscription: \"s1\", at: $at) {
    firstDay lastDay total { amount currency }
    lines { code kind meter meterVersion unit firstDay lastDay quantity amount { amount }
        tiers { basis upTo quantity price amount } evidence(first: 100) { nodes { stream { id } } } } } }";

fn plan(pages: &Value) -> Value {
    json!({
        "id": "results", "name": "Results",
        "version": {
            "version": 1, "effective_from": "2024-01-01T00:00:00Z", "currencies": ["EUR"], "interval": "monthly",
            "anchor": "calendar",
            "fees": [{ "code": "platform", "name": "Platform", "price": { "EUR": "310" }, "due": "in_arrears" }],
            "charges": [{
                "code": "pages", "name": "Pages", "meter": "pages", "unit": "page", "price": pages,
            }],
        },
    })
}

async fn preview(house: &House, tenant: &Tenant, at: &str) -> Value {
    let data = house.ask(&tenant.token, PREVIEW, json!({ "at": at })).await;
    data["invoicePreview"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_total_follows_each_event_and_every_line_lists_its_events() {
    let house = House::open_wide().await;
    let acme = house.tenant("acme").await;
    house
        .done(
            &acme.token,
            "defineMeter",
            meter("pages", "SUM", json!("data.quantity")),
        )
        .await;
    let tiers = json!({ "model": "graduated", "tiers": [
        { "up_to": "10", "unit_price": { "EUR": "0.5" } }, { "unit_price": { "EUR": "0.333" } },
    ] });
    house.done(&acme.token, "definePlan", plan(&tiers)).await;
    let subscription = json!({
        "id": "s1", "plan": "results", "price": { "amount": "310", "currency": "EUR" },
        "occurredAt": "2025-03-12T09:00:00+01:00",
    });
    house.done(&acme.token, "startSubscription", subscription).await;
    let facts = [
        // Before the subscription begins, and after the period in Berlin.
        ("early", "2025-03-11T22:59:59Z", "1000", "de"),
        ("first", "2025-03-11T23:00:00Z", "9", "de"),
        ("last", "2025-03-31T21:59:59Z", "2.5", "fr"),
        ("next", "2025-03-31T22:00:00Z", "4", "fr"),
    ];
    record(&house, &acme, &facts).await;
    house.settle().await;
    let march = preview(&house, &acme, "2025-03-20T12:00:00Z").await;
    assert_eq!(
        (&march["firstDay"], &march["lastDay"]),
        (&json!("2025-03-01"), &json!("2025-03-31"))
    );
    let [fee, pages] = [&march["lines"][0], &march["lines"][1]];
    // 20 of 31 days of 310.
    assert_eq!(
        (&fee["code"], &fee["amount"]["amount"]),
        (&json!("platform"), &json!("200.00"))
    );
    assert_eq!(fee["evidence"], Value::Null);
    assert_eq!(
        (&pages["quantity"], &pages["unit"]),
        (&json!("11.5"), &json!("page"))
    );
    // 10 x 0.5 + 1.5 x 0.333 = 5.4995
    assert_eq!(pages["amount"]["amount"], "5.50");
    assert_eq!(
        (&pages["meter"], &pages["meterVersion"]),
        (&json!("pages"), &json!(1))
    );
    let first = json!({ "basis": "UNITS", "upTo": "10", "quantity": "10", "price": "0.5", "amount": "5" });
    assert_eq!(pages["tiers"][0], first);
    assert_eq!(pages["tiers"][1]["amount"], "0.4995");
    assert_eq!(pages["evidence"]["nodes"].as_array().unwrap().len(), 2);
    assert_eq!(march["total"], json!({ "amount": "205.50", "currency": "EUR" }));
    let late = record(&house, &acme, &[("late", "2025-03-15T00:00:00Z", "10", "de")]).await;
    let document =
        "query($cursor: Cursor!) { invoicePreview(subscription: \"s1\", at: \"2025-03-20T12:00:00Z\",
        atLeast: $cursor) { total { amount } } }";
    let data = house.ask(&acme.token, document, json!({ "cursor": late })).await;
    assert_eq!(
        data["invoicePreview"]["total"]["amount"], "208.83",
        "10 x 0.5 + 11.5 x 0.333 = 8.8295"
    );
    let april = preview(&house, &acme, "2025-04-20T12:00:00Z").await;
    assert_eq!(april["total"]["amount"], "312.00");
}

#[tokio::test(flavor = "multi_thread")]
async fn shares_are_taken_of_each_event() {
    let house = House::open_wide().await;
    let acme = house.tenant("acme").await;
    house
        .done(
            &acme.token,
            "defineMeter",
            meter("pages", "SUM", json!("data.quantity")),
        )
        .await;
    let share = json!({ "model": "percentage", "rate_percent": "1", "fixed_fee": { "EUR": "0.10" } });
    house.done(&acme.token, "definePlan", plan(&share)).await;
    let subscription = json!({
        "id": "s1", "plan": "results", "price": { "amount": "310", "currency": "EUR" },
        "occurredAt": "2025-03-01T00:00:00+01:00",
    });
    house.done(&acme.token, "startSubscription", subscription).await;
    let facts = [
        ("a", "2025-03-10T10:00:00Z", "100", "de"),
        ("b", "2025-03-10T11:00:00Z", "50.5", "de"),
    ];
    record(&house, &acme, &facts).await;
    house.settle().await;
    let march = preview(&house, &acme, "2025-03-20T12:00:00Z").await;
    assert_eq!(
        march["lines"][1]["amount"]["amount"], "1.71",
        "1 % of 150.50 and twice 0.10: 1.705"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bill_that_cannot_be_right_is_refused_with_what_to_do() {
    let house = House::open_wide().await;
    let acme = house.tenant("acme").await;
    let price = json!({ "model": "standard", "unit_price": { "EUR": "0.5" } });
    let mut seats = plan(&price);
    seats["version"]["charges"][0]["unit"] = json!("seat");
    house.done(&acme.token, "definePlan", seats).await;
    let mut without = plan(&price);
    without["id"] = json!("nameless");
    without["version"]["currencies"] = json!([]);
    let payload = house.mutate(&acme.token, "definePlan", without).await;
    let message = payload["userErrors"][0]["message"].as_str().unwrap();
    assert!(message.contains("currencies"), "{message}");
    let mut float = plan(&price);
    float["id"] = json!("float");
    float["version"]["charges"][0]["price"]["unit_price"]["EUR"] = json!(0.5);
    let payload = house.mutate(&acme.token, "definePlan", float).await;
    assert_eq!(
        payload["userErrors"][0]["path"],
        json!(["input", "version"]),
        "{payload:#}"
    );
    let started = |id: &str, plan: &str| {
        json!({
            "id": id, "plan": plan, "price": { "amount": "310", "currency": "EUR" },
            "occurredAt": "2025-03-01T00:00:00+01:00",
        })
    };
    house
        .done(&acme.token, "startSubscription", started("s1", "results"))
        .await;
    house
        .done(&acme.token, "startSubscription", started("s2", "unheard-of"))
        .await;
    house.settle().await;
    let asked = async |subscription: &str| {
        let document = format!(
            "{{ invoicePreview(subscription: \"{subscription}\", at: \"2025-03-20T12:00:00Z\") {{ firstDay }} }}"
        );
        let answer = house.answer(&acme.token, &document, json!({})).await;
        (
            answer["data"]["invoicePreview"].clone(),
            answer["errors"][0]["message"].as_str().map(ToOwned::to_owned),
        )
    };
    let (_, message) = asked("s1").await;
    assert_eq!(
        message.unwrap(),
        "the charge pages counts with the meter pages, and there is none: define it, or change the plan"
    );
    house
        .done(
            &acme.token,
            "defineMeter",
            meter("pages", "SUM", json!("data.quantity")),
        )
        .await;
    house.settle().await;
    let (_, message) = asked("s1").await;
    assert_eq!(
        message.unwrap(),
        "the charge pages is priced by the seat, but its meter pages counts in another unit: page"
    );
    let (_, message) = asked("s2").await;
    assert!(message.unwrap().starts_with("there is no plan unheard-of"));
    assert_eq!(asked("s3").await, (Value::Null, None));
}
