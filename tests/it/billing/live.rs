//! The running total, live.

use std::time::{Duration, Instant};

use serde_json::json;

use super::ground::{acme, pages, subscribe};
use crate::gateway::house::House;
use crate::gateway::socket::Socket;

#[tokio::test(flavor = "multi_thread")]
async fn the_running_total_follows_events_within_a_second() {
    let house = House::open_wide().await;
    let acme = acme(&house).await;
    subscribe(&house, &acme, "s1", "2026-03-01T00:00:00+01:00").await;
    house.settle().await;
    let document = "subscription { invoicePreview(subscription: \"s1\") { __typename ... on RunningTotal {
        cursor problem preview { total { amount } lines { code quantity } } } } }";
    let mut socket = Socket::open(house.router.clone(), &acme.token).await;
    socket.subscribe(document, json!({})).await;
    let first = socket.item("invoicePreview").await;
    assert_eq!(first["preview"]["total"]["amount"], "310.00", "{first}");
    let mut slowest = Duration::ZERO;
    for (index, expected) in ["311.00", "312.00", "313.00"].iter().enumerate() {
        let begun = Instant::now();
        pages(
            &house,
            &acme,
            &[(&format!("f{index}"), "2026-03-01T10:00:00Z", "2")],
        )
        .await;
        // A total may be told twice, the second time with a later cursor.
        while socket.item("invoicePreview").await["preview"]["total"]["amount"] != *expected {}
        slowest = slowest.max(begun.elapsed());
    }
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_rated_is_told_with_what_to_do_and_goes_on_when_it_is_done() {
    let house = House::open_wide().await;
    let acme = acme(&house).await;
    let subscription = json!({
        "id": "s1", "plan": "unheard-of", "price": { "amount": "310", "currency": "EUR" },
        "occurredAt": "2026-03-01T00:00:00+01:00",
    });
    house.done(&acme.token, "startSubscription", subscription).await;
    house.settle().await;
    let document = "subscription { invoicePreview(subscription: \"s1\") { __typename ... on RunningTotal {
        problem preview { total { amount } } } } }";
    let mut socket = Socket::open(house.router.clone(), &acme.token).await;
    socket.subscribe(document, json!({})).await;
    let first = socket.item("invoicePreview").await;
    assert!(
        first["problem"]
            .as_str()
            .unwrap()
            .starts_with("there is no plan unheard-of"),
        "{first}"
    );
    let mut plan = super::ground::plan();
    plan["id"] = json!("unheard-of");
    house.done(&acme.token, "definePlan", plan).await;
    while socket.item("invoicePreview").await["preview"]["total"]["amount"] != "310.00" {}
}
