//! Random bytes to every endpoint, and random documents to the parser behind the limits: the process lives, no
//! answer is a 5xx, and no error tells what is inside.

use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::Request;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;
use tower::ServiceExt as _;

use super::house::House;
use super::socket::Socket;

const STRINGS: usize = 10_000;
const SEED: u64 = 20_261_121;
/// How long the documents are made up: `ANNALS_FUZZ_SECONDS` makes it longer.
const SECONDS: u64 = 10;

/// What errors must not tell of.
const INSIDE: [&str; 8] = [
    "panicked", "src/", ".rs:", "sqlx", "postgres", "stack", "/tmp/", "Error {",
];

/// Pieces of what the endpoints understand, so that some bytes get further than the first reader.
const PIECES: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "\"",
    "\"\"\"",
    "\\",
    ":",
    ",",
    "...",
    "@skip(if: true)",
    "$a",
    "!",
    "=",
    "#",
    "\n",
    "query",
    "mutation",
    "subscription",
    "fragment F on Query",
    "...F",
    "on",
    "leads(first: 1)",
    "nodes",
    "me",
    "actor",
    "__schema",
    "__typename",
    "types",
    "name",
    "1",
    "-1.5e3",
    "null",
    "true",
    "\u{feff}",
    "{\"query\":",
    "\"variables\":",
    "{\"type\":\"connection_init\"}",
    "\"id\":\"1\"",
    "events",
    "Int",
    "captureLead(input: {vertical: \"x\"})",
    "é",
    "\u{0}",
];

fn noise(random: &mut StdRng) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..random.random_range(0..40) {
        if random.random_bool(0.3) {
            bytes.push(random.random());
        } else {
            let piece = PIECES[random.random_range(0..PIECES.len())];
            bytes.extend(piece.as_bytes());
        }
    }
    bytes
}

fn check(seed: u64, sent: &[u8], status: u16, text: &str) {
    let shown = String::from_utf8_lossy(sent);
    assert!(status < 500, "seed {seed}: {shown:?}: {status} {text}");
    if status >= 400 || text.contains("\"errors\"") {
        for inside in INSIDE {
            assert!(!text.contains(inside), "seed {seed}: {shown:?}: {text}");
        }
    }
}

#[tokio::test]
async fn ten_thousand_random_strings_to_each_http_endpoint_do_no_harm() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    let mut random = StdRng::seed_from_u64(SEED);
    println!("seed {SEED}");
    let authorization = format!("Bearer {}", acme.token);
    for _ in 0..STRINGS {
        let bytes = noise(&mut random);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let escaped: String = bytes.iter().map(|byte| format!("%{byte:02X}")).collect();
        let requests = [
            Request::post("/graphql").body(Body::from(bytes.clone())),
            Request::post("/graphql").body(Body::from(json!({ "query": text }).to_string())),
            Request::get(format!("/graphql?{escaped}")).body(Body::empty()),
            Request::get(format!("/graphql?query={escaped}&variables={escaped}")).body(Body::empty()),
        ];
        for request in requests {
            let mut request = request.unwrap();
            let headers = request.headers_mut();
            headers.insert("content-type", "application/json".parse().unwrap());
            headers.insert("authorization", authorization.parse().unwrap());
            headers.insert("accept", "application/graphql-response+json".parse().unwrap());
            let (status, _, text) = house.send(request).await;
            check(SEED, &bytes, status.as_u16(), &text);
        }
    }
    assert_eq!(
        house.ask(&acme.token, "{ __typename }", json!({})).await["__typename"],
        "Query"
    );
}

/// How `/v1/events` may be told that something comes; the last is none of them.
const EVENT_FORMS: [&str; 4] = [
    "application/cloudevents+json",
    "application/cloudevents-batch+json",
    "application/json",
    "text/plain",
];

/// Pieces of CloudEvents.
const EVENT_PIECES: [&str; 12] = [
    "{\"specversion\":\"1.0\",",
    "\"id\":\"1\",",
    "\"source\":\"/s\",",
    "\"type\":\"usage.pages\"",
    "\"time\":\"2026-01-01T00:00:00Z\",",
    "\"datacontenttype\":\"application/json\",",
    "\"data\":{\"quantity\":1}",
    "\"data_base64\":\"AAAA\"",
    "[{",
    "}]",
    "\\ud800",
    "1e999",
];

#[tokio::test]
async fn ten_thousand_random_strings_as_events_and_spans_do_no_harm() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    let events = ingest::cloud_events::router(house.store.clone(), ingest::cloud_events::Options::default());
    let traces = ingest::telemetry::router(house.store.clone(), ingest::telemetry::Options::default());
    let authenticator = api::Authenticator::new(&house.options);
    let events = api::protect(
        events.merge(traces),
        authenticator,
        domain::api_key::Scope::Ingest,
    );
    let mut random = StdRng::seed_from_u64(SEED);
    println!("seed {SEED}");
    let authorization = format!("Bearer {}", acme.token);
    let mut taken = 0;
    for number in 0..STRINGS {
        let mut bytes = noise(&mut random);
        for _ in 0..random.random_range(0..8) {
            bytes.extend(EVENT_PIECES[random.random_range(0..EVENT_PIECES.len())].as_bytes());
        }
        if random.random_bool(0.1) {
            // An event, and the same with a byte changed.
            let event = json!({ "specversion": "1.0", "id": number.to_string(), "source": "/noise",
                                "type": "usage.noise", "data": { "quantity": "1" } });
            bytes = event.to_string().into_bytes();
            if random.random_bool(0.5) {
                let at = random.random_range(0..bytes.len());
                bytes[at] = random.random();
            }
        }
        let form = EVENT_FORMS[number % EVENT_FORMS.len()];
        let request = Request::post("/v1/events")
            .header("authorization", &authorization)
            .header("content-type", form)
            .header("ce-specversion", "1.0")
            .header("ce-id", number.to_string())
            .header("ce-source", "/noise")
            .header("ce-type", "usage.noise");
        // The attributes may be noise too, where a header can hold it.
        let request = match random.random_bool(0.5) {
            true => request.header("ce-subject", bytes.escape_ascii().to_string()),
            false => request,
        };
        let request = request.body(Body::from(bytes.clone())).unwrap();
        let form = ["application/json", "application/x-protobuf"][number % 2];
        let spans = Request::post("/v1/traces")
            .header("authorization", &authorization)
            .header("content-type", form)
            .body(Body::from(bytes.clone()))
            .unwrap();
        let response = events.clone().oneshot(spans).await.unwrap();
        let status = response.status().as_u16();
        let text = axum::body::to_bytes(response.into_body(), usize::MAX)
            .await
            .unwrap();
        check(SEED, &bytes, status, &String::from_utf8_lossy(&text));
        let response = events.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let text = axum::body::to_bytes(response.into_body(), usize::MAX)
            .await
            .unwrap();
        check(SEED, &bytes, status, &String::from_utf8_lossy(&text));
        taken += u64::from(status < 300);
    }
    // Some of it was an event: the noise gets past the first reader.
    assert!(taken > 10, "seed {SEED}: {taken} taken");
    assert_eq!(
        house.ask(&acme.token, "{ __typename }", json!({})).await["__typename"],
        "Query"
    );
}

#[tokio::test]
async fn ten_thousand_random_strings_to_the_socket_do_no_harm() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    let mut random = StdRng::seed_from_u64(SEED);
    println!("seed {SEED}");
    let address = Socket::serve(house.router.clone()).await;
    // Bytes that are no message close the socket; documents do not.
    for _ in 0..STRINGS / 50 {
        let bytes = noise(&mut random);
        let mut socket = Socket::connect_to(address).await;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        socket.send_frame(Message::text(text)).await;
        let code = socket.next().await["closed"].as_u64().unwrap();
        assert!((4400..4500).contains(&code), "seed {SEED}: {bytes:?}: {code}");
    }
    let mut socket = Socket::connect_to(address).await;
    socket.introduce(&acme.token).await;
    for number in 0..STRINGS - STRINGS / 50 {
        let bytes = noise(&mut random);
        let (text, id) = (String::from_utf8_lossy(&bytes), number.to_string());
        socket.begin(&id, &text).await;
        let message = socket.next().await;
        let kind = message["type"].as_str().unwrap();
        check(SEED, &bytes, 400, &message.to_string());
        if kind == "next" {
            socket.send(&json!({ "id": id, "type": "complete" })).await;
        }
    }
    socket.begin("last", "{ __typename }").await;
    while socket.next().await["id"] != "last" {}
}

/// A document that nests, mostly well: selections, values, types, strings and comments between them.
fn document(random: &mut StdRng) -> String {
    let opening = [
        "{a",
        "{a(b:",
        "[",
        "{x:",
        "(",
        "query($a:",
        "[[[",
        "{...on Query",
        "\"",
        "\"\"\"",
        "#",
        "@a(b:{c:[",
        "{a:b(c:\"",
    ];
    let closing = ["}", "]", ")", "\"", "\"\"\"", "\n"];
    let (often, mut text) = (random.random_range(1..3_000), String::new());
    let favourite = opening[random.random_range(0..opening.len())];
    for _ in 0..often {
        match random.random_range(0..20) {
            0 => text.push_str(opening[random.random_range(0..opening.len())]),
            1 => text.push_str(closing[random.random_range(0..closing.len())]),
            2 => text.push_str(PIECES[random.random_range(0..PIECES.len())]),
            _ => text.push_str(favourite),
        }
    }
    text
}

#[tokio::test]
async fn documents_that_nest_get_a_400_and_the_process_lives() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    #[expect(clippy::disallowed_methods, reason = "a longer run is asked for by hand")]
    let seconds = std::env::var("ANNALS_FUZZ_SECONDS").ok();
    let seconds = seconds.map_or(SECONDS, |text| text.parse().unwrap());
    let (began, mut random, mut count) = (Instant::now(), StdRng::seed_from_u64(SEED), 0);
    while began.elapsed() < Duration::from_secs(seconds) {
        let text = document(&mut random);
        let accept = [("accept", "application/graphql-response+json")];
        let (status, _, answer) = house
            .post(&acme.token, &accept, json!({ "query": text }).to_string())
            .await;
        check(SEED, text.as_bytes(), status.as_u16(), &answer.to_string());
        count += 1;
    }
    println!("seed {SEED}: {count} documents");
    for deep in [
        "{a".repeat(40_000),
        format!("{{a(b:{}", "[".repeat(100_000)),
        format!("{{a(b:{}", "{c:".repeat(40_000)),
        format!("query($a:{}", "[".repeat(100_000)),
    ] {
        let (status, _, answer) = house
            .post(&acme.token, &[], json!({ "query": deep }).to_string())
            .await;
        assert_eq!(status, 400);
        assert_eq!(
            answer["errors"][0]["extensions"]["code"], "LIMIT_EXCEEDED",
            "{answer}"
        );
    }
}
