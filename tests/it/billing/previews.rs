//! Periods that have not begun, are over, or never were: what the running total says of each.

use serde_json::{Value, json};

use super::ground::{acme, lines, pages, subscribe};
use crate::gateway::house::{House, Tenant};

const PREVIEW: &str = "query($at: DateTime!) { invoicePreview(subscription: \"s1\", at: $at) {
    firstDay lastDay total { amount } lines { code kind amount { amount } } } }";

async fn preview(house: &House, acme: &Tenant, at: &str) -> Value {
    house.ask(&acme.token, PREVIEW, json!({ "at": at })).await["invoicePreview"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_period_to_come_has_its_fees_and_what_is_known_of_it_and_one_before_the_start_is_refused() {
    let house = House::open_wide().await;
    let acme = acme(&house).await;
    // The clock stands at 2 March 2026.
    subscribe(&house, &acme, "s1", "2026-02-10T09:00:00+01:00").await;
    let facts = [
        ("a", "2026-02-28T22:59:59Z", "4"),
        ("b", "2026-02-28T23:00:00Z", "6"),
    ];
    pages(&house, &acme, &facts).await;
    house.settle().await;
    let expected: [(&str, &str, &str, &[&str]); 5] = [
        // 19 of 28 days of 310 are 210.357; 4 x 0.50.
        (
            "2026-02-28T22:59:59Z",
            "2026-02-01",
            "2026-02-28",
            &["pages USAGE 2.00", "platform FEE 210.36"],
        ),
        // The same period, asked for on the day on which it begins.
        (
            "2026-02-10T12:00:00Z",
            "2026-02-01",
            "2026-02-28",
            &["pages USAGE 2.00", "platform FEE 210.36"],
        ),
        (
            "2026-02-28T23:00:00Z",
            "2026-03-01",
            "2026-03-31",
            &["pages USAGE 3.00", "platform FEE 310.00"],
        ),
        (
            "2026-09-15T00:00:00Z",
            "2026-09-01",
            "2026-09-30",
            &["pages USAGE 0.00", "platform FEE 310.00"],
        ),
        (
            "2031-02-15T00:00:00Z",
            "2031-02-01",
            "2031-02-28",
            &["pages USAGE 0.00", "platform FEE 310.00"],
        ),
    ];
    for (at, first_day, last_day, expected) in expected {
        let told = preview(&house, &acme, at).await;
        assert_eq!(
            (&told["firstDay"], &told["lastDay"]),
            (&json!(first_day), &json!(last_day)),
            "{at}"
        );
        assert_eq!(lines(&told), expected, "{at}");
    }
    // The last second before its day, in Berlin.
    for before in [
        "2026-02-09T22:59:59Z",
        "2026-01-15T00:00:00Z",
        "1999-01-01T00:00:00Z",
    ] {
        let answer = house.answer(&acme.token, PREVIEW, json!({ "at": before })).await;
        let error = &answer["errors"][0];
        assert_eq!(error["extensions"]["code"], "BAD_USER_INPUT", "{answer:#}");
        let message = error["message"].as_str().unwrap();
        assert!(
            message.contains("the subscription begins on 2026-02-10"),
            "{message}"
        );
    }
    let answer = house
        .answer(&acme.token, PREVIEW, json!({ "at": "tomorrow" }))
        .await;
    assert!(answer["errors"][0]["message"].is_string(), "{answer:#}");
    let nobody = "{ invoicePreview(subscription: \"nobody\") { firstDay } }";
    let data = house.ask(&acme.token, nobody, json!({})).await;
    assert_eq!(data["invoicePreview"], Value::Null);
    // After the end there is nothing.
    let cancel = json!({ "id": "s1", "reason": "moved", "occurredAt": "2026-03-02T11:00:00Z" });
    house.done(&acme.token, "cancelSubscription", cancel).await;
    house.settle().await;
    let told = preview(&house, &acme, "2026-03-20T00:00:00Z").await;
    // One of 31 days, and what was read on it.
    assert_eq!(lines(&told), ["pages USAGE 3.00", "platform FEE 10.00"]);
    let told = preview(&house, &acme, "2026-09-15T00:00:00Z").await;
    assert_eq!((lines(&told), &told["total"]["amount"]), (vec![], &json!("0")));
}
