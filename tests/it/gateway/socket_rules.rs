//! graphql-transport-ws: a test a rule of its PROTOCOL.md.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::house::{House, Tenant};
use super::socket::Socket;

const EVENTS: &str = "subscription { events { __typename } }";

async fn house() -> (House, Tenant) {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    (house, acme)
}

/// Where a message leads before any introduction.
async fn closed_after(message: Message) -> Value {
    let (house, _) = house().await;
    let mut socket = Socket::connect(house.router.clone()).await;
    socket.send_frame(message).await;
    socket.next().await["closed"].clone()
}

/// A socket that has introduced itself.
async fn introduced() -> (House, Socket) {
    let (house, acme) = house().await;
    let socket = Socket::open(house.router.clone(), &acme.token).await;
    (house, socket)
}

#[tokio::test]
async fn the_sub_protocol_is_chosen_among_others() {
    let (house, _) = house().await;
    let offered = Some("graphql-ws, graphql-transport-ws");
    let (_, chosen) = Socket::connect_with(house.router.clone(), offered).await.unwrap();
    assert_eq!(chosen.as_deref(), Some("graphql-transport-ws"));
}

#[tokio::test]
async fn without_the_sub_protocol_the_socket_closes_with_4406() {
    let (house, _) = house().await;
    let (mut socket, chosen) = Socket::connect_with(house.router.clone(), None).await.unwrap();
    assert_eq!(chosen, None);
    assert_eq!(socket.next().await["closed"], 4406);
}

#[tokio::test]
async fn another_sub_protocol_is_not_chosen() {
    let (house, _) = house().await;
    for offered in ["graphql-ws", "graphql-transport-wss"] {
        let error = Socket::connect_with(house.router.clone(), Some(offered))
            .await
            .err();
        let error = error.expect("this client insists on what it offers").to_string();
        assert!(error.contains("subprotocol"), "{error}");
    }
}

#[tokio::test]
async fn a_message_that_is_none_closes_with_4400() {
    for text in [
        "",
        "nonsense",
        "[]",
        "{}",
        "{\"type\":\"nonsense\"}",
        "{\"type\":\"next\",\"id\":\"1\"}",
    ] {
        assert_eq!(closed_after(Message::text(text)).await, 4400, "{text}");
    }
}

#[tokio::test]
async fn a_binary_message_closes_with_4400() {
    assert_eq!(
        closed_after(Message::binary(b"{\"type\":\"ping\"}".to_vec())).await,
        4400
    );
}

#[tokio::test]
async fn a_message_without_what_it_needs_closes_with_4400() {
    for message in [
        json!({ "type": "subscribe", "payload": { "query": EVENTS } }),
        json!({ "type": "subscribe", "id": "1" }),
        json!({ "type": "subscribe", "id": "1", "payload": { "query": 1 } }),
        json!({ "type": "complete" }),
        json!({ "type": "connection_init", "payload": [] }),
    ] {
        assert_eq!(
            closed_after(Message::text(message.to_string())).await,
            4400,
            "{message}"
        );
    }
}

#[tokio::test]
async fn an_operation_before_the_acknowledgement_closes_with_4401() {
    let message = json!({ "type": "subscribe", "id": "1", "payload": { "query": EVENTS } });
    assert_eq!(closed_after(Message::text(message.to_string())).await, 4401);
}

#[tokio::test]
async fn a_token_that_opens_nothing_closes_with_4403() {
    for payload in [
        json!({}),
        json!({ "authorization": "Bearer nonsense" }),
        Value::Null,
    ] {
        let message = json!({ "type": "connection_init", "payload": payload });
        assert_eq!(
            closed_after(Message::text(message.to_string())).await,
            4403,
            "{payload}"
        );
    }
}

#[tokio::test]
async fn a_socket_that_does_not_introduce_itself_in_time_closes_with_4408() {
    let house = House::open_with(|options| options.limits.init_ms = 50).await;
    let mut socket = Socket::connect(house.router.clone()).await;
    assert_eq!(socket.next().await["closed"], 4408);
}

#[tokio::test]
async fn an_introduced_socket_is_not_closed_for_the_time_of_introductions() {
    let house = House::open_with(|options| {
        options.limits.init_ms = 300;
        options.limits.ping_ms = 200;
    })
    .await;
    let acme = house.tenant("acme").await;
    let mut socket = Socket::open(house.router.clone(), &acme.token).await;
    // Three pings take longer than an introduction may.
    for _ in 0..3 {
        assert!(matches!(socket.next_frame().await, Message::Ping(_)));
    }
    socket.send(&json!({ "type": "ping" })).await;
    assert_eq!(socket.next().await["type"], "pong");
}

#[tokio::test]
async fn an_id_in_use_closes_with_4409() {
    let (_house, mut socket) = introduced().await;
    socket.begin("1", EVENTS).await;
    socket.begin("1", EVENTS).await;
    let mut last = socket.next().await;
    while last["type"] == "next" {
        last = socket.next().await;
    }
    assert_eq!(last["closed"], 4409);
}

#[tokio::test]
async fn an_id_is_free_again_after_its_operations_end() {
    let (_house, mut socket) = introduced().await;
    for _ in 0..2 {
        socket.begin("1", "{ __typename }").await;
        assert_eq!(socket.next().await["type"], "next");
        assert_eq!(socket.next().await["type"], "complete");
    }
    socket.begin("1", "{ nothing }").await;
    assert_eq!(socket.next().await["type"], "error");
    socket.begin("1", EVENTS).await;
    socket.send(&json!({ "id": "1", "type": "complete" })).await;
    socket.begin("1", "{ __typename }").await;
    assert_eq!(socket.next().await["type"], "next");
}

#[tokio::test]
async fn a_second_introduction_closes_with_4429() {
    let (_house, mut socket) = introduced().await;
    socket.send(&json!({ "type": "connection_init" })).await;
    assert_eq!(socket.next().await["closed"], 4429);
}

#[tokio::test]
async fn a_client_that_leaves_with_4499_ends_its_operations() {
    use tokio_tungstenite::tungstenite::protocol::CloseFrame;
    let (_house, mut socket) = introduced().await;
    socket.begin("1", EVENTS).await;
    let frame = CloseFrame {
        code: 4499.into(),
        reason: "Terminated".into(),
    };
    socket.send_frame(Message::Close(Some(frame))).await;
    let mut last = socket.next().await;
    while last["type"] == "next" {
        last = socket.next().await;
    }
    assert_eq!(last["closed"], 4499, "the same code comes back");
}

#[tokio::test]
async fn a_client_that_answers_no_pings_is_closed_with_4499() {
    let house = House::open_with(|options| options.limits.ping_ms = 50).await;
    let acme = house.tenant("acme").await;
    let socket = Socket::open(house.router.clone(), &acme.token).await;
    let heard = socket.listen_silently().await;
    let [high, low] = 4499_u16.to_be_bytes();
    // A close frame: its first byte, its length, its code (RFC 6455, 5.2 and 5.5.1).
    let is_close = |frame: &[u8]| frame[0] == 0x88 && frame[2..] == [high, low];
    assert!(heard.windows(4).any(is_close), "{heard:?}");
    assert_eq!(heard[0], 0x89, "first there is a ping: {heard:?}");
}

#[tokio::test]
async fn a_ping_is_answered_even_before_the_introduction() {
    let (house, _) = house().await;
    let mut socket = Socket::connect(house.router.clone()).await;
    socket
        .send(&json!({ "type": "ping", "payload": { "any": 1 } }))
        .await;
    assert_eq!(socket.next().await, json!({ "type": "pong" }));
    socket.send(&json!({ "type": "pong" })).await;
    socket.send(&json!({ "type": "ping" })).await;
    assert_eq!(
        socket.next().await["type"],
        "pong",
        "a pong without a ping does no harm"
    );
}

#[tokio::test]
async fn queries_and_mutations_have_one_result_and_an_end() {
    let (_house, mut socket) = introduced().await;
    let mutation = "mutation { createWorkspace(input: { id: \"w\", name: \"x\" }) { id } }";
    for document in ["{ me { actor } }", mutation] {
        socket.begin("q", document).await;
        let result = socket.next().await;
        assert_eq!(result["type"], "next", "{result}");
        assert_eq!(result["id"], "q");
        assert!(result["payload"]["data"].is_object(), "{result}");
        assert_eq!(socket.next().await, json!({ "type": "complete", "id": "q" }));
    }
}

#[tokio::test]
async fn operations_that_can_not_be_executed_get_one_error_message() {
    let (_house, mut socket) = introduced().await;
    for document in [
        "{ me {",
        "{ nothing }",
        "subscription { nothing }",
        "query($id: ID!) { lead(id: $id) { id } }",
        "query A { __typename } query B { __typename }",
    ] {
        socket.begin("1", document).await;
        let error = socket.next().await;
        assert_eq!(error["type"], "error", "{document}: {error}");
        assert_eq!(error["id"], "1");
        let code = &error["payload"][0]["extensions"]["code"];
        assert_eq!(code, "BAD_USER_INPUT", "{document}: {error}");
    }
    socket.begin("1", "{ __typename }").await;
    assert_eq!(socket.next().await["type"], "next", "the socket lives on");
}

#[tokio::test]
async fn a_subscription_that_the_token_does_not_open_gets_an_error_message() {
    let (house, acme) = house().await;
    let input = json!({ "id": "w", "name": "w", "scopes": ["WRITE"] });
    let issued = house.done(&acme.token, "issueApiKey", input).await;
    let token = issued["token"].as_str().unwrap();
    let mut socket = Socket::open(house.router.clone(), token).await;
    socket.begin("1", EVENTS).await;
    let error = socket.next().await;
    assert_eq!(error["type"], "error", "{error}");
    assert_eq!(error["payload"][0]["extensions"]["code"], "FORBIDDEN");
}

#[tokio::test]
async fn a_completed_subscription_is_silent() {
    let (house, acme) = house().await;
    let capture = async |id: &str| {
        let input = json!({ "id": id, "vertical": "sales", "source": "web" });
        house.done(&acme.token, "captureLead", input).await["cursor"].clone()
    };
    let after = capture("l0").await;
    let mut socket = Socket::open(house.router.clone(), &acme.token).await;
    let document = "subscription($after: Cursor) { events(after: $after) { ... on Event { type } } }";
    for id in ["1", "2"] {
        let payload = json!({ "query": document, "variables": { "after": after } });
        socket
            .send(&json!({ "type": "subscribe", "id": id, "payload": payload }))
            .await;
    }
    socket.send(&json!({ "id": "1", "type": "complete" })).await;
    socket.send(&json!({ "type": "ping" })).await;
    while socket.next().await["type"] != "pong" {}
    capture("l1").await;
    capture("l2").await;
    for _ in 0..2 {
        let event = socket.next().await;
        assert_eq!(
            (&event["type"], &event["id"]),
            (&json!("next"), &json!("2")),
            "{event}"
        );
    }
}

#[tokio::test]
async fn the_end_of_an_unknown_operation_does_no_harm() {
    let (_house, mut socket) = introduced().await;
    socket.send(&json!({ "id": "unknown", "type": "complete" })).await;
    socket.send(&json!({ "type": "ping" })).await;
    assert_eq!(socket.next().await["type"], "pong");
}

#[tokio::test]
async fn many_operations_run_side_by_side() {
    let (_house, mut socket) = introduced().await;
    for id in 0..50 {
        socket.begin(&id.to_string(), "{ me { actor } }").await;
    }
    let mut ended = std::collections::BTreeSet::new();
    while ended.len() < 50 {
        let message = socket.next().await;
        if message["type"] == "complete" {
            assert!(ended.insert(message["id"].to_string()));
        } else {
            assert_eq!(message["type"], "next", "{message}");
        }
    }
}
