//! The subscription over a real WebSocket.

use serde_json::json;

use super::house::House;
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

    let document = "subscription($after: Cursor!) { events(after: $after, types: [\"lead.*\"]) \
                    { cursor position type version stream { type id } sequence occurredAt recordedAt actor \
                    correlationId causationId eventId payload } }";
    let mut socket = Socket::open(house.router.clone(), &acme.token).await;
    socket
        .subscribe(document, json!({ "after": first["cursor"] }))
        .await;
    let event = socket.result().await["data"]["events"].clone();
    assert_eq!(event["stream"], json!({ "type": "lead", "id": "l2" }));
    assert_eq!(event["type"], "lead.captured");
    assert_eq!(event["payload"]["captured"]["source"], "web", "{event:#}");
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
async fn a_socket_without_a_good_token_is_closed() {
    let house = House::open().await;
    let mut socket = Socket::connect(house.router.clone()).await;
    socket
        .send(&json!({ "type": "connection_init", "payload": {} }))
        .await;
    assert_eq!(socket.next().await["closed"], 4403);
    let mut socket = Socket::connect(house.router.clone()).await;
    socket
        .subscribe("subscription { events { type } }", json!({}))
        .await;
    assert_eq!(socket.next().await["closed"], 4401);
    let mut socket = Socket::connect(house.router.clone()).await;
    socket.send(&json!({ "type": "nonsense" })).await;
    assert_eq!(socket.next().await["closed"], 4400);
}
