//! Exactly the events after the cursor: over the seam between past and present, and from process to process.

use std::sync::Arc;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use super::follow::Seen;
use super::house::{House, Tenant};
use super::socket::Socket;

#[tokio::test]
async fn a_subscription_goes_from_history_into_live_without_a_seam() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    let other = house.tenant("other").await;
    let capture = |id: &str| json!({ "id": id, "vertical": "sales", "source": "web" });
    let first = house.done(&acme.token, "captureLead", capture("l1")).await;
    house.done(&other.token, "captureLead", capture("l1")).await;
    house.done(&acme.token, "captureLead", capture("l2")).await;

    let document = "subscription($after: Cursor!) { events(after: $after, filter: { types: [\"lead.*\"] }) \
                    { __typename ... on Event { cursor position type version stream { type id } sequence \
                    occurredAt recordedAt actor correlationId causationId eventId payload } } }";
    let mut socket = Socket::open(house.router.clone(), &acme.token).await;
    socket
        .subscribe(document, json!({ "after": first["cursor"] }))
        .await;
    let event = socket.result().await["data"]["events"].clone();
    assert_eq!(event["stream"], json!({ "type": "lead", "id": "l2" }));
    assert_eq!(event["type"], "lead.captured");
    assert_eq!(event["payload"]["captured"]["source"], "web", "{event:#}");
    assert_eq!(socket.result().await["data"]["events"]["__typename"], "CaughtUp");
    for index in 3..20 {
        house
            .done(&other.token, "captureLead", capture(&format!("l{index}")))
            .await;
        house
            .done(&acme.token, "captureLead", capture(&format!("l{index}")))
            .await;
    }
    for index in 3..20 {
        let event = socket.result().await["data"]["events"].clone();
        assert_eq!(event["stream"]["id"], json!(format!("l{index}")), "{event:#}");
        assert_eq!(event["actor"], "api_key:first");
    }
}

#[tokio::test]
async fn a_filter_goes_by_type_stream_and_actor() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    let capture = |id: &str| json!({ "id": id, "vertical": "sales", "source": "web" });
    let first = house.done(&acme.token, "captureLead", capture("l1")).await;
    house.capture(&acme, ["l2".to_owned()].into_iter()).await;
    house.done(&acme.token, "captureLead", capture("l3")).await;
    house
        .done(
            &acme.token,
            "disqualifyLead",
            json!({ "id": "l3", "reason": "spam" }),
        )
        .await;
    for (filter, wanted) in [
        (json!({}), vec!["l2", "l3", "l3"]),
        (json!({ "types": ["lead.disqualified"] }), vec!["l3"]),
        (json!({ "actor": "system:test" }), vec!["l2"]),
        (
            json!({ "stream": { "type": "lead", "id": "l3" } }),
            vec!["l3", "l3"],
        ),
        (
            json!({ "types": ["lead.captured"], "actor": "api_key:first" }),
            vec!["l3"],
        ),
    ] {
        let document = "subscription($after: Cursor!, $filter: EventFilter) { events(after: $after, filter: \
                        $filter) { __typename ... on Event { stream { id } } } }";
        let mut socket = Socket::open(house.router.clone(), &acme.token).await;
        let variables = json!({ "after": first["cursor"], "filter": filter });
        socket.subscribe(document, variables).await;
        let mut found = Vec::new();
        loop {
            let item = socket.result().await["data"]["events"].clone();
            if item["__typename"] == "CaughtUp" {
                break;
            }
            found.push(item["stream"]["id"].as_str().unwrap().to_owned());
        }
        assert_eq!(found, wanted, "{filter}");
    }
}

/// A tenant's events so far, and the cursor before them.
async fn begun(house: &House, tenant: &Tenant) -> (u64, Value) {
    house
        .capture(tenant, (0..50).map(|index| format!("begin-{index}")))
        .await;
    let capture = json!({ "id": "first", "vertical": "sales", "source": "web" });
    let cursor = house.done(&tenant.token, "captureLead", capture).await["cursor"].clone();
    (house.store.log().head().await.unwrap(), cursor)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_seam_is_exact_while_many_write() {
    let house = Arc::new(House::open_with(|options| options.limits.live_responses = 64).await);
    let (acme, other) = (house.tenant("acme").await, house.tenant("other").await);
    let (position, cursor) = begun(&house, &acme).await;
    let address = Socket::serve(house.router.clone()).await;
    let readers: Vec<_> = (0..12)
        .map(|_| {
            let (token, seen) = (acme.token.clone(), Seen::up_to(&cursor));
            tokio::spawn(async move {
                let mut seen = seen;
                let mut socket = Socket::connect_to(address).await;
                socket.introduce(&token).await;
                socket.send(&seen.subscribe()).await;
                // The last event is known by its type alone: it comes when all others were written.
                while seen.signs.last().map(String::as_str) != Some("CaughtUp")
                    || seen.positions.len() < 1_200
                {
                    let message = socket.next().await;
                    seen.take(&message);
                    if seen.positions.len() == 1_200 {
                        break;
                    }
                }
                seen
            })
        })
        .collect();
    tokio::join!(
        house.capture(&acme, (0..1_200).map(|index| format!("a-{index}"))),
        house.capture(&other, (0..600).map(|index| format!("o-{index}"))),
    );
    let wanted = house.positions(&acme, position).await;
    assert_eq!(wanted.len(), 1_200);
    for reader in readers {
        let seen = reader.await.unwrap();
        assert!(
            seen.positions == wanted,
            "{} of {} events",
            seen.positions.len(),
            wanted.len()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_goes_from_process_to_process_sees_every_event_once() {
    let house = Arc::new(House::open().await);
    let acme = Arc::new(house.tenant("acme").await);
    let (position, cursor) = begun(&house, &acme).await;
    let addresses = [
        Socket::serve(house.router.clone()).await,
        Socket::serve(house.elsewhere(2).await).await,
        Socket::serve(house.elsewhere(3).await).await,
    ];
    let writer = {
        let (house, acme) = (Arc::clone(&house), Arc::clone(&acme));
        tokio::spawn(async move {
            for round in 0..30 {
                house
                    .capture(&acme, (0..20).map(|index| format!("w{round}-{index}")))
                    .await;
            }
        })
    };
    let mut random = StdRng::seed_from_u64(7);
    let mut seen = Seen::up_to(&cursor);
    let mut turns = 0;
    while seen.positions.len() < 600 {
        let mut socket = Socket::connect_to(addresses[turns % addresses.len()]).await;
        turns += 1;
        socket.introduce(&acme.token).await;
        socket.send(&seen.subscribe()).await;
        let enough = seen.positions.len() + random.random_range(1..30);
        while seen.positions.len() < enough.min(600) {
            seen.take(&socket.next().await);
        }
    }
    writer.await.unwrap();
    assert!(turns > 20, "{turns}");
    assert_eq!(seen.positions, house.positions(&acme, position).await);
}

#[tokio::test]
async fn a_socket_without_a_good_token_is_closed() {
    let house = House::open().await;
    let mut socket = Socket::connect(house.router.clone()).await;
    socket
        .send(&json!({ "type": "connection_init", "payload": {} }))
        .await;
    assert_eq!(socket.next().await["closed"], 4403);
    let mut socket = Socket::connect(house.router.clone()).await;
    socket
        .subscribe("subscription { events { __typename } }", json!({}))
        .await;
    assert_eq!(socket.next().await["closed"], 4401);
    let mut socket = Socket::connect(house.router.clone()).await;
    socket.send(&json!({ "type": "nonsense" })).await;
    assert_eq!(socket.next().await["closed"], 4400);
}
