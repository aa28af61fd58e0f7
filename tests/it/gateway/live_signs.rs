//! The signs between the items: where a client has caught up, that nothing came, that it was too slow.

use axum::body::Body;
use axum::http::Request;
use futures::StreamExt;
use serde_json::json;
use tower::ServiceExt;

use super::follow::{EVENTS, Seen};
use super::house::House;
use super::socket::Socket;

#[tokio::test]
async fn a_heartbeat_goes_on_while_the_filter_matches_nothing() {
    let house = House::open_with(|options| options.limits.heartbeat_ms = 50).await;
    let acme = house.tenant("acme").await;
    let mut socket = Socket::open(house.router.clone(), &acme.token).await;
    let filter = json!({ "types": ["workspace.*"] });
    socket.subscribe(EVENTS, json!({ "filter": filter })).await;
    let mut seen = Seen::default();
    seen.until_sign(&mut socket, "CaughtUp").await;
    let caught_up = seen.cursor.clone();
    seen.until_sign(&mut socket, "Heartbeat").await;
    assert_eq!(seen.cursor, caught_up, "nothing happened meanwhile");

    house
        .capture(&acme, (0..20).map(|index| format!("l{index}")))
        .await;
    let last = json!({ "id": "last", "vertical": "sales", "source": "web" });
    let last = house.done(&acme.token, "captureLead", last).await["cursor"].clone();
    while seen.cursor.as_deref() != last.as_str() {
        seen.until_sign(&mut socket, "Heartbeat").await;
    }
    assert_eq!(seen.positions, [0; 0], "none of it was wanted");

    // From there on, nothing of it is looked at again.
    let workspace = house
        .done(&acme.token, "createWorkspace", json!({ "name": "w" }))
        .await;
    let mut again = Socket::open(house.router.clone(), &acme.token).await;
    again.subscribe(EVENTS, json!({ "after": seen.cursor })).await;
    let mut first = Seen::default();
    assert_eq!(first.take(&again.next().await), "Event");
    assert_eq!(first.cursor.as_deref(), workspace["cursor"].as_str());
}

#[tokio::test]
async fn an_event_source_goes_on_behind_any_sign() {
    let house = House::open_with(|options| options.limits.heartbeat_ms = 50).await;
    let acme = house.tenant("acme").await;
    let document = "subscription { events { __typename ... on Event { stream { id } } } }";
    let stream = async |last: Option<&str>| {
        let mut request = Request::post("/graphql")
            .header("content-type", "application/json")
            .header("accept", "text/event-stream")
            .header("authorization", format!("Bearer {}", acme.token));
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let body = json!({ "query": document }).to_string();
        let response = house
            .router
            .clone()
            .oneshot(request.body(Body::from(body)).unwrap())
            .await;
        response.unwrap().into_body().into_data_stream()
    };
    // The id of the first event of a name, though no cursor is selected.
    let id_of = async |stream: &mut axum::body::BodyDataStream, text: &mut String, name: &str| {
        loop {
            let found = text
                .split("\n\n")
                .find(|event| event.contains(name) && event.contains("data:"));
            if let Some(event) = found {
                let id = event.lines().find_map(|line| line.strip_prefix("id: "));
                return (id.unwrap().to_owned(), event.to_owned());
            }
            let chunk = stream.next().await.unwrap().unwrap();
            text.push_str(&String::from_utf8_lossy(&chunk));
        }
    };
    let mut first = stream(None).await;
    let (heartbeat, _) = id_of(&mut first, &mut String::new(), "Heartbeat").await;
    drop(first);
    house.capture(&acme, ["missed".to_owned()].into_iter()).await;
    let mut second = stream(Some(&heartbeat)).await;
    let mut text = String::new();
    let (_, event) = id_of(&mut second, &mut text, "\"Event\"").await;
    assert!(event.contains("missed"), "{event}");
    let (caught_up, _) = id_of(&mut second, &mut text, "CaughtUp").await;
    assert_ne!(caught_up, heartbeat);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_reader_is_fed_from_the_table_and_loses_nothing() {
    let house = House::open_with(|options| options.limits.live_responses = 32).await;
    let acme = house.tenant("acme").await;
    let first = json!({ "id": "first", "vertical": "sales", "source": "web" });
    let cursor = house.done(&acme.token, "captureLead", first).await["cursor"].clone();
    let head = house.store.log().head().await.unwrap();
    // Each response is large, so that the connection's buffers are full before the end.
    let many: String = (0..40).map(|index| format!("p{index}: payload ")).collect();
    let document = EVENTS.replacen("cursor position", &format!("cursor position {many}"), 1);
    let mut socket = Socket::open(house.router.clone(), &acme.token).await;
    socket.subscribe(&document, json!({ "after": cursor })).await;
    let mut seen = Seen::default();
    seen.until_sign(&mut socket, "CaughtUp").await;
    for round in 0..40 {
        // Another client reads on meanwhile, at its own pace.
        house
            .capture(&acme, (0..100).map(|index| format!("s{round}-{index}")))
            .await;
    }
    let wanted = house.positions(&acme, head).await;
    assert_eq!(wanted.len(), 4_000);
    seen.until(&mut socket, *wanted.last().unwrap()).await;
    assert!(
        seen.positions == wanted,
        "{} of {} events",
        seen.positions.len(),
        wanted.len()
    );
    assert!(seen.signs.iter().any(|sign| sign == "Lagged"), "{:?}", seen.signs);
    // It is back at the shared execution.
    if seen.signs.last().map(String::as_str) == Some("Lagged") {
        seen.until_sign(&mut socket, "CaughtUp").await;
    }
    house.capture(&acme, ["after".to_owned()].into_iter()).await;
    let last = house.positions(&acme, head).await;
    seen.until(&mut socket, *last.last().unwrap()).await;
    assert_eq!(seen.positions, last);
}
