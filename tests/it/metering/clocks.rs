//! Clocks: hours that come twice, a tenant that changes its zone, a sender whose clock is wrong; and amounts below nothing.

use serde_json::{Value, json};

use super::usage::{meter, record};
use crate::gateway::house::{House, Tenant};

async fn hours(house: &House, tenant: &Tenant, (from, to): (&str, &str), granularity: &str) -> Vec<String> {
    let document = format!(
        "{{ meterUsage(meter: \"pages\", from: \"{from}\", to: \"{to}\", granularity: {granularity}, groupBy: []) \
         {{ buckets {{ from until quantity evidence(first: 10) {{ nodes {{ type }} }} }} }} }}"
    );
    let data = house.ask(&tenant.token, &document, json!({})).await;
    let buckets = data["meterUsage"]["buckets"].as_array().unwrap();
    let tell = |bucket: &Value| {
        let behind = bucket["evidence"]["nodes"].as_array().unwrap().len();
        let texts = [&bucket["from"], &bucket["until"], &bucket["quantity"]];
        format!(
            "{} by {behind}",
            texts.map(|text| text.as_str().unwrap()).join(" ")
        )
    };
    buckets.iter().map(tell).collect()
}

async fn ground() -> (House, Tenant) {
    let house = House::open_wide().await;
    let acme = house.tenant("acme").await;
    let pages = meter("pages", "SUM", json!("decimal(data.quantity)"));
    house.done(&acme.token, "defineMeter", pages).await;
    (house, acme)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hour_that_comes_twice_is_two_and_a_later_zone_leaves_it_where_it_was() {
    let (house, acme) = ground().await;
    let facts = [
        ("first", "2025-10-26T00:30:00Z", "1", "de"),
        ("second", "2025-10-26T01:30:00Z", "2", "de"),
        ("eve", "2025-10-25T21:59:59Z", "4", "de"),
        ("last", "2025-10-26T22:59:59Z", "8", "de"),
    ];
    record(&house, &acme, &facts).await;
    house.settle().await;
    assert_eq!(
        hours(&house, &acme, ("2025-10-26", "2025-10-26"), "HOUR").await,
        [
            "2025-10-26T00:00:00Z 2025-10-26T01:00:00Z 1 by 1",
            "2025-10-26T01:00:00Z 2025-10-26T02:00:00Z 2 by 1",
            "2025-10-26T22:00:00Z 2025-10-26T23:00:00Z 8 by 1",
        ]
    );
    // The day has 25 hours.
    let day = ["2025-10-25T22:00:00Z 2025-10-26T23:00:00Z 11 by 3"];
    assert_eq!(
        hours(&house, &acme, ("2025-10-26", "2025-10-26"), "DAY").await,
        day
    );

    let settings = json!({ "name": "Acme", "timeZone": "Asia/Kolkata", "currency": "EUR" });
    house
        .done(
            &acme.token,
            "changeTenantSettings",
            json!({ "id": acme.id, "settings": settings }),
        )
        .await;
    // Half past nine in Kolkata, in an hour of its clocks that begins at half past three in London.
    record(&house, &acme, &[("later", "2025-10-26T03:45:00Z", "16", "de")]).await;
    house.settle().await;
    let kolkata = hours(&house, &acme, ("2025-10-26", "2025-10-26"), "HOUR").await;
    assert!(
        kolkata.contains(&"2025-10-26T03:30:00Z 2025-10-26T04:30:00Z 16 by 1".to_owned()),
        "{kolkata:?}"
    );
    // Whatever the zone, each event is counted once.
    let month = hours(&house, &acme, ("2025-10-01", "2025-10-31"), "MONTH").await;
    assert_eq!(month, ["2025-09-30T18:30:00Z 2025-10-31T18:30:00Z 31 by 5"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fact_of_a_clock_two_days_ahead_is_refused_and_counts_nowhere() {
    let (house, acme) = ground().await;
    let fact = |id: &str, at: &str| {
        json!({ "id": id, "type": "usage.pages", "quantity": "1", "unit": "page", "occurredAt": at,
        "dimensions": [{ "name": "language", "value": "de" }] })
    };
    // It is noon of 2 March.
    let records =
        json!({ "records": [fact("ahead", "2026-03-04T12:00:00Z"), fact("now", "2026-03-02T12:00:00Z")] });
    let payload = house.mutate(&acme.token, "recordUsage", records).await;
    let ahead = &payload["results"][0]["userErrors"][0];
    assert!(
        ahead["message"]
            .as_str()
            .unwrap()
            .contains("2026-03-04T12:00:00Z"),
        "{payload:#}"
    );
    assert_eq!(payload["results"][1]["userErrors"], json!([]));
    house.settle().await;
    let all = hours(&house, &acme, ("2026-03-01", "2026-03-31"), "WHOLE").await;
    assert_eq!(all, ["2026-02-28T23:00:00Z 2026-03-31T22:00:00Z 1 by 1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quantity_below_nothing_is_no_amount_until_it_is_corrected() {
    let (house, acme) = ground().await;
    let plan = json!({ "id": "results", "name": "Results", "version": {
        "version": 1, "effective_from": "2024-01-01T00:00:00Z", "currencies": ["EUR"], "interval": "monthly", "fees": [],
        "charges": [{ "code": "pages", "name": "Pages", "meter": "pages", "unit": "page",
            "price": { "model": "graduated", "tiers": [{ "unit_price": { "EUR": "2" } }] } }],
    } });
    house.done(&acme.token, "definePlan", plan).await;
    let start = json!({ "id": "s1", "plan": "results", "price": { "amount": "0", "currency": "EUR" },
        "occurredAt": "2026-03-01T00:00:00Z" });
    house.done(&acme.token, "startSubscription", start).await;
    record(
        &house,
        &acme,
        &[
            ("one", "2026-03-02T10:00:00Z", "1", "de"),
            ("minus", "2026-03-02T10:00:00Z", "-3", "de"),
        ],
    )
    .await;
    house.settle().await;
    let document = "{ invoicePreview(subscription: \"s1\") { total { amount } } }";
    // What corrects nothing takes nothing off.
    let data = house.ask(&acme.token, document, json!({})).await;
    assert_eq!(data["invoicePreview"]["total"]["amount"], "2.00");
    let aside = "{ quarantinedUsage(first: 10, meter: \"pages\") { nodes { reason } } }";
    let data = house.ask(&acme.token, aside, json!({})).await;
    let nodes = data["quarantinedUsage"]["nodes"].as_array().unwrap();
    assert_eq!(nodes.len(), 1, "{data:#}");
    let reason = nodes[0]["reason"].as_str().unwrap();
    assert!(
        reason.starts_with("quantity: -3 is below zero, and it corrects nothing"),
        "{reason}"
    );
    // A correction of more than there was makes less than nothing, which is no amount.
    let correction = json!({ "id": "too-much", "type": "usage.pages", "quantity": "-4", "unit": "page", "corrects": "one",
        "occurredAt": "2026-03-02T10:00:00Z", "dimensions": [{ "name": "language", "value": "de" }] });
    house
        .done(&acme.token, "recordUsage", json!({ "records": [correction] }))
        .await;
    house.settle().await;
    let answer = house.answer(&acme.token, document, json!({})).await;
    let message = answer["errors"][0]["message"]
        .as_str()
        .unwrap_or_else(|| panic!("an amount: {answer:#}"));
    assert!(message.contains("the quantity -3 is negative"), "{message}");
    record(&house, &acme, &[("plus", "2026-03-02T11:00:00Z", "5", "de")]).await;
    house.settle().await;
    let data = house.ask(&acme.token, document, json!({})).await;
    assert_eq!(data["invoicePreview"]["total"]["amount"], "4.00");
}
