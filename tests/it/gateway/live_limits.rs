//! Who is let in to follow, who is sent away, and how it ends.

use std::net::{Ipv4Addr, SocketAddr};

use api::{Drain, Peer, Transport};
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use axum::{Extension, Router};
use futures::StreamExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::follow::{EVENTS, Seen};
use super::house::{House, Tenant};
use super::socket::Socket;

/// The answer to a subscription as a stream.
async fn stream(router: &Router, tenant: &Tenant, accept: &str) -> axum::response::Response {
    let body = json!({ "query": EVENTS }).to_string();
    let request = Request::post("/graphql")
        .header("content-type", "application/json")
        .header("accept", accept)
        .header("authorization", format!("Bearer {}", tenant.token));
    let request = request.body(Body::from(body)).unwrap();
    router.clone().oneshot(request).await.unwrap()
}

const SSE: &str = "text/event-stream";
const MULTIPART: &str = "multipart/mixed; subscriptionSpec=1.0";

async fn refused(response: axum::response::Response) -> Value {
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let answer: Value = serde_json::from_slice(&bytes).unwrap();
    answer["errors"][0]["extensions"].clone()
}

#[tokio::test]
async fn a_tenants_subscriptions_are_counted_over_all_its_connections() {
    let house = House::open_with(|options| options.limits.tenant_subscriptions = 3).await;
    let (acme, other) = (house.tenant("acme").await, house.tenant("other").await);
    let over = json!({ "code": "LIMIT_EXCEEDED", "limit": "tenant_subscriptions" });
    let mut socket = Socket::open(house.router.clone(), &acme.token).await;
    for id in ["1", "2"] {
        socket.begin(id, EVENTS).await;
        assert_eq!(socket.next().await["type"], "next");
    }
    let open = stream(&house.router, &acme, SSE).await;
    assert_eq!(open.status(), StatusCode::OK);
    let mut second = Socket::open(house.router.clone(), &acme.token).await;
    second.begin("1", EVENTS).await;
    let error = second.next().await;
    assert_eq!(
        (&error["type"], &error["payload"][0]["extensions"]),
        (&json!("error"), &over)
    );
    assert_eq!(refused(stream(&house.router, &acme, SSE).await).await, over);
    assert_eq!(refused(stream(&house.router, &acme, MULTIPART).await).await, over);
    let mut others = Socket::open(house.router.clone(), &other.token).await;
    others.begin("1", EVENTS).await;
    assert_eq!(others.next().await["type"], "next", "each tenant for itself");

    // One that ends makes room.
    socket.send(&json!({ "id": "1", "type": "complete" })).await;
    socket.send(&json!({ "type": "ping" })).await;
    assert_eq!(socket.next().await["type"], "pong");
    loop {
        second.begin("1", EVENTS).await;
        if second.next().await["type"] == "next" {
            break;
        }
    }
    drop(open);
}

#[tokio::test]
async fn an_addresss_sockets_and_streams_are_counted_together() {
    let house = House::open_with(|options| options.limits.address_connections = 2).await;
    let acme = house.tenant("acme").await;
    let from = |last| {
        let peer = Peer {
            address: SocketAddr::from((Ipv4Addr::new(192, 0, 2, last), 50_000)),
            transport: Transport::Plain,
        };
        house.router.clone().layer(Extension(peer))
    };
    let _socket = Socket::open(from(1), &acme.token).await;
    let open = stream(&from(1), &acme, MULTIPART).await;
    assert_eq!(open.status(), StatusCode::OK);
    let mut third = Socket::connect(from(1)).await;
    assert_eq!(third.next().await["closed"], 4429);
    let over = json!({ "code": "LIMIT_EXCEEDED", "limit": "address_connections" });
    assert_eq!(refused(stream(&from(1), &acme, SSE).await).await, over);
    assert_eq!(stream(&from(2), &acme, SSE).await.status(), StatusCode::OK);
    drop(open);
    let _socket = Socket::open(from(1), &acme.token).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_backfills_than_may_read_at_once_wait_and_all_end_while_live_goes_on() {
    let house = House::open_with(|options| {
        options.limits.backfills = 1;
        options.limits.tenant_backfills = 1;
    })
    .await;
    let acme = house.tenant("acme").await;
    let first = json!({ "id": "first", "vertical": "sales", "source": "web" });
    let cursor = house.done(&acme.token, "captureLead", first).await["cursor"].clone();
    let head = house.store.log().head().await.unwrap();
    house
        .capture(&acme, (0..1_000).map(|index| format!("l{index}")))
        .await;
    // A process that has just started has nothing in its ring: all of it comes from the table.
    let router = {
        let mut options = None;
        let _router = house.router_with(|given| options = Some(given.limits.clone()));
        assert_eq!(options.unwrap().backfills, 1);
        house.elsewhere(9).await
    };
    let address = Socket::serve(router).await;
    let mut live = Socket::connect_to(address).await;
    live.introduce(&acme.token).await;
    live.send(&Seen::default().subscribe()).await;
    let mut now = Seen::default();
    now.until_sign(&mut live, "CaughtUp").await;
    let mut readers = Vec::new();
    for _ in 0..8 {
        let mut socket = Socket::connect_to(address).await;
        socket.introduce(&acme.token).await;
        let mut seen = Seen::up_to(&cursor);
        socket.send(&seen.subscribe()).await;
        readers.push(tokio::spawn(async move {
            seen.until_sign(&mut socket, "CaughtUp").await;
            seen.positions
        }));
    }
    house.capture(&acme, ["now".to_owned()].into_iter()).await;
    let wanted = house.positions(&acme, head).await;
    now.until(&mut live, *wanted.last().unwrap()).await;
    assert_eq!(now.positions.len(), 1);
    for reader in readers {
        let positions = reader.await.unwrap();
        assert!(
            positions.len() >= 1_000 && wanted.starts_with(&positions),
            "{}",
            positions.len()
        );
    }
}

#[tokio::test]
async fn at_the_end_every_client_is_told_where_to_go_on() {
    let drain = Drain::default();
    let house = House::open_with(|options| options.drain = drain.clone()).await;
    let acme = house.tenant("acme").await;
    let address = Socket::serve(house.router.clone()).await;
    let mut follower = Socket::connect_to(address).await;
    follower.introduce(&acme.token).await;
    follower.send(&Seen::default().subscribe()).await;
    let mut seen = Seen::default();
    seen.until_sign(&mut follower, "CaughtUp").await;
    let mut idle = Socket::connect_to(address).await;
    idle.introduce(&acme.token).await;
    let mut silent = Socket::connect_to(address).await;
    let sse = stream(&house.router, &acme, SSE)
        .await
        .into_body()
        .into_data_stream();
    let multipart = stream(&house.router, &acme, MULTIPART)
        .await
        .into_body()
        .into_data_stream();

    house.capture(&acme, ["last".to_owned()].into_iter()).await;
    let last = house.store.log().head().await.unwrap();
    seen.until(&mut follower, last).await;
    drain.begin();
    assert_eq!(seen.take(&follower.next().await), "Heartbeat");
    for socket in [&mut follower, &mut idle, &mut silent] {
        assert_eq!(socket.next().await["closed"], 1012);
    }
    let all = |stream: axum::body::BodyDataStream| async move {
        let chunks: Vec<_> = stream.map(|chunk| chunk.unwrap().to_vec()).collect().await;
        String::from_utf8(chunks.concat()).unwrap()
    };
    let sse = all(sse).await;
    assert!(
        sse.contains("Heartbeat") && !sse.contains("event: complete"),
        "{sse}"
    );
    let multipart = all(multipart).await;
    assert!(
        multipart.contains("\"payload\":null") && multipart.ends_with("--\r\n"),
        "{multipart}"
    );
    drop((follower, idle, silent));
    drain.finished().await;

    // Elsewhere it goes on behind the last word.
    house.capture(&acme, ["next".to_owned()].into_iter()).await;
    let mut again = Socket::open(house.elsewhere(4).await, &acme.token).await;
    again.send(&seen.subscribe()).await;
    let mut rest = Seen::default();
    rest.until_sign(&mut again, "CaughtUp").await;
    assert_eq!(rest.positions, house.positions(&acme, last).await);
}

#[tokio::test]
async fn a_revoked_token_ends_its_sockets_and_streams_and_no_others() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    let input = json!({ "id": "reader", "name": "r", "scopes": ["READ", "WRITE", "INGEST", "ADMIN"] });
    let token = house.done(&acme.token, "issueApiKey", input).await["token"].clone();
    house.settle().await;
    let reader = Tenant {
        id: acme.id.clone(),
        token: token.as_str().unwrap().to_owned(),
    };
    let address = Socket::serve(house.router.clone()).await;
    let mut sockets = Vec::new();
    for token in [&acme.token, &reader.token] {
        let mut socket = Socket::connect_to(address).await;
        socket.introduce(token).await;
        socket.send(&Seen::default().subscribe()).await;
        Seen::default().until_sign(&mut socket, "CaughtUp").await;
        sockets.push(socket);
    }
    let mut idle = Socket::connect_to(address).await;
    idle.introduce(&reader.token).await;
    let sse = stream(&house.router, &reader, SSE).await;
    let revoke = json!({ "id": "reader", "reason": "leaked" });
    house.done(&acme.token, "revokeApiKey", revoke).await;
    assert_eq!(idle.next().await["closed"], 4403, "one that does nothing, too");
    let mut theirs = sockets.pop().unwrap();
    let mut last = theirs.next().await;
    // The revocation itself may be told to a token of the same scope before it takes effect.
    while last["type"] == "next" {
        last = theirs.next().await;
    }
    assert_eq!(last["closed"], 4403, "{last}");
    let bytes = to_bytes(sse.into_body(), usize::MAX).await.unwrap();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    assert!(
        text.contains("UNAUTHENTICATED") && text.ends_with("event: complete\ndata:\n\n"),
        "{text}"
    );
    // Who shared the execution goes on.
    house.capture(&acme, ["on".to_owned()].into_iter()).await;
    let mut seen = Seen::default();
    let head = house.store.log().head().await.unwrap();
    seen.until(&mut sockets[0], head).await;
}
