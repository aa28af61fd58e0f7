//! The route, on a log of its own.

use std::io::Write as _;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use axum::{Extension, Router};
use domain::tenant::Command;
use flate2::Compression;
use flate2::write::GzEncoder;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use prost::Message as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::telemetry::{Options, router};
use crate::testing::{Ground, ground};

const JSON: &str = "application/json";
const PROTOBUF: &str = "application/x-protobuf";
const TRACE: &str = "5b8efff798038103d269b633813fc60c";
const SECOND: u64 = 1_000_000_000;
/// 2026-03-01T10:00:00Z.
const BEGAN: u64 = 1_772_359_200 * SECOND;

fn route(ground: &Ground) -> Router {
    router(ground.store.clone(), Options { body_bytes: 20_000 }).layer(Extension(ground.caller.clone()))
}

async fn send(route: &Router, headers: &[(&str, &str)], body: impl Into<Body>) -> (StatusCode, Vec<u8>) {
    let mut request = Request::post("/v1/traces");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = route
        .clone()
        .oneshot(request.body(body.into()).unwrap())
        .await
        .unwrap();
    let status = response.status();
    (
        status,
        to_bytes(response.into_body(), 1 << 20).await.unwrap().to_vec(),
    )
}

async fn send_json(route: &Router, request: &Value) -> (StatusCode, Value) {
    let (status, body) = send(route, &[("content-type", JSON)], request.to_string()).await;
    (status, serde_json::from_slice(&body).unwrap())
}

/// A span of an operation, from one second of the trace to another; the parent is empty for the outermost.
fn span(id: &str, parent: &str, seconds: (u64, u64), attributes: &[(&str, Value)]) -> Value {
    let attributes: Vec<Value> = attributes
        .iter()
        .map(|(name, value)| {
            let value = match value {
                Value::Number(number) => json!({ "intValue": number.to_string() }),
                text => json!({ "stringValue": text }),
            };
            json!({ "key": name, "value": value })
        })
        .collect();
    json!({ "traceId": TRACE, "spanId": id, "parentSpanId": parent, "name": "invoke_agent Closer", "kind": 1,
        "startTimeUnixNano": (BEGAN + seconds.0 * SECOND).to_string(),
        "endTimeUnixNano": (BEGAN + seconds.1 * SECOND).to_string(), "attributes": attributes, "status": {} })
}

fn export(spans: &[Value]) -> Value {
    let service = json!({ "key": "service.name", "value": { "stringValue": "sales-bot" } });
    json!({ "resourceSpans": [{ "resource": { "attributes": [service] }, "scopeSpans": [{ "spans": spans }] }] })
}

fn chat(id: &str, seconds: (u64, u64)) -> Value {
    span(
        id,
        "aaaaaaaaaaaaaaaa",
        seconds,
        &[
            ("gen_ai.operation.name", json!("chat")),
            ("gen_ai.provider.name", json!("openai")),
            ("gen_ai.request.model", json!("gpt-4o")),
            ("gen_ai.usage.input_tokens", json!(100)),
            ("gen_ai.usage.output_tokens", json!(20)),
        ],
    )
}

fn tool(id: &str, seconds: (u64, u64)) -> Value {
    span(
        id,
        "aaaaaaaaaaaaaaaa",
        seconds,
        &[
            ("gen_ai.operation.name", json!("execute_tool")),
            ("gen_ai.tool.name", json!("crm_search")),
        ],
    )
}

fn agent(seconds: (u64, u64)) -> Value {
    span(
        "aaaaaaaaaaaaaaaa",
        "",
        seconds,
        &[
            ("gen_ai.operation.name", json!("invoke_agent")),
            ("gen_ai.agent.name", json!("Closer")),
            ("annals.vertical", json!("sales")),
            ("annals.lead", json!("lead-1")),
        ],
    )
}

/// The payloads of the run's events, by their types, in order.
async fn told(ground: &Ground) -> Vec<(String, Value)> {
    let sql =
        "select event_type, payload::text from events where aggregate_type = 'agent_run' order by position";
    let rows: Vec<(String, String)> = sqlx::query_as(sql)
        .fetch_all(&ground.database.pool().await)
        .await
        .unwrap();
    rows.into_iter()
        .map(|(kind, payload)| (kind, serde_json::from_str(&payload).unwrap()))
        .collect()
}

#[tokio::test]
async fn a_trace_is_a_run_with_its_calls_and_the_same_again_changes_nothing() {
    let ground = ground().await;
    let route = route(&ground);
    // As they come: what ends first is sent first.
    let first = export(&[chat("bbbbbbbbbbbbbbbb", (1, 2)), tool("cccccccccccccccc", (2, 4))]);
    let second = export(&[chat("dddddddddddddddd", (4, 5)), agent((0, 6))]);
    for request in [&first, &second, &first, &second] {
        assert_eq!(send_json(&route, request).await, (StatusCode::OK, json!({})));
    }
    let told = told(&ground).await;
    let kinds: Vec<&str> = told.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(
        kinds,
        [
            "agent_run.started",
            "agent_run.model_call_recorded",
            "agent_run.tool_call_recorded",
            "agent_run.model_call_recorded",
            "agent_run.completed",
        ]
    );
    let of = |index: usize, field: &str| told[index].1.to_string().contains(field);
    assert!(
        of(0, "sales-bot"),
        "the first spans knew the service alone: {told:#?}"
    );
    assert!(of(1, "\"input_tokens\":100") && of(1, "openai"), "{told:#?}");
    assert!(of(2, "crm_search") && of(2, "2000"), "{told:#?}");
    assert!(of(4, "assumed") && of(4, "\"model_calls\":2"), "{told:#?}");
}

#[tokio::test]
async fn the_outermost_span_says_whose_run_it_is_and_what_it_is_about() {
    let ground = ground().await;
    let request = export(&[chat("bbbbbbbbbbbbbbbb", (1, 2)), agent((0, 6))]);
    assert_eq!(send_json(&route(&ground), &request).await.0, StatusCode::OK);
    let started = told(&ground).await[0].1.to_string();
    for part in ["Closer", "sales", "lead-1", "2026-03-01T10:00:00Z"] {
        assert!(started.contains(part), "{part}: {started}");
    }
}

#[tokio::test]
async fn a_call_that_is_told_after_the_end_counts_all_the_same() {
    let ground = ground().await;
    let route = route(&ground);
    send_json(&route, &export(&[agent((0, 6))])).await;
    let late = send_json(&route, &export(&[chat("bbbbbbbbbbbbbbbb", (1, 2))])).await;
    assert_eq!(late, (StatusCode::OK, json!({})));
    assert_eq!(told(&ground).await[2].0, "agent_run.model_call_recorded");
}

#[tokio::test]
async fn protobuf_and_gzip_say_the_same_and_are_answered_in_kind() {
    let ground = ground().await;
    let route = route(&ground);
    let request: ExportTraceServiceRequest =
        serde_json::from_value(export(&[chat("bbbbbbbbbbbbbbbb", (1, 2)), agent((0, 6))])).unwrap();
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(&request.encode_to_vec()).unwrap();
    let headers = [("content-type", PROTOBUF), ("content-encoding", "gzip")];
    let (status, body) = send(&route, &headers, packed.finish().unwrap()).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        ExportTraceServiceResponse::decode(&*body).unwrap(),
        ExportTraceServiceResponse::default()
    );
    assert_eq!(told(&ground).await.len(), 3);
}

#[tokio::test]
async fn a_span_that_cannot_be_taken_is_told_and_the_others_are_taken() {
    let ground = ground().await;
    let nameless = span(
        "eeeeeeeeeeeeeeee",
        "",
        (0, 1),
        &[("gen_ai.operation.name", json!("chat"))],
    );
    let mut backwards = chat("ffffffffffffffff", (5, 4));
    backwards["spanId"] = json!("ffff");
    let other = span(
        "1111111111111111",
        "",
        (0, 1),
        &[("http.request.method", json!("GET"))],
    );
    let spans = [
        nameless,
        backwards,
        chat("2222222222222222", (3, 2)),
        other,
        chat("bbbbbbbbbbbbbbbb", (1, 2)),
    ];
    let (status, answer) = send_json(&route(&ground), &export(&spans)).await;
    assert_eq!(status, StatusCode::OK);
    let partial = &answer["partialSuccess"];
    assert_eq!(
        partial["rejectedSpans"].to_string().trim_matches('"'),
        "3",
        "{answer}"
    );
    let message = partial["errorMessage"].as_str().unwrap();
    for part in [
        "span eeeeeeeeeeeeeeee: gen_ai.provider.name is missing",
        "spanId: 2 bytes are not 8",
        "span 2222222222222222: endTimeUnixNano",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert_eq!(told(&ground).await.len(), 2, "the start and the one good call");
}

#[tokio::test]
async fn an_agent_that_failed_says_why() {
    let ground = ground().await;
    let mut failed = agent((0, 6));
    failed["status"] = json!({ "code": 2, "message": "the model refused" });
    send_json(&route(&ground), &export(&[failed])).await;
    let told = told(&ground).await;
    assert_eq!(told[1].0, "agent_run.failed");
    assert!(told[1].1.to_string().contains("the model refused"));
}

#[tokio::test]
async fn what_is_no_export_is_refused_with_what_to_do() {
    let ground = ground().await;
    let route = route(&ground);
    let (status, _) = send(&route, &[("content-type", "text/plain")], "x").await;
    assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    for (headers, body, wanted) in [
        (
            vec![("content-type", JSON)],
            b"{".to_vec(),
            StatusCode::BAD_REQUEST,
        ),
        (
            vec![("content-type", PROTOBUF)],
            vec![0xff; 9],
            StatusCode::BAD_REQUEST,
        ),
        (
            vec![("content-type", JSON), ("content-encoding", "gzip")],
            b"not gzip".to_vec(),
            StatusCode::BAD_REQUEST,
        ),
        (
            vec![("content-type", JSON), ("content-encoding", "br")],
            b"{}".to_vec(),
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ),
        (
            vec![("content-type", JSON)],
            vec![b' '; 20_001],
            StatusCode::PAYLOAD_TOO_LARGE,
        ),
    ] {
        let (status, body) = send(&route, &headers, body).await;
        assert_eq!(status, wanted, "{headers:?}");
        assert!(!body.is_empty());
    }
    // Small as it comes, large unpacked.
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(&vec![b' '; 1 << 20]).unwrap();
    let headers = [("content-type", JSON), ("content-encoding", "gzip")];
    let (status, _) = send(&route, &headers, packed.finish().unwrap()).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    let suspend = Command::Suspend {
        reason: "unpaid".to_owned(),
    };
    ground.tenant(suspend).await;
    let (status, answer) = send_json(&route, &export(&[agent((0, 6))])).await;
    assert_eq!(
        (status, &answer["code"]),
        (StatusCode::FORBIDDEN, &json!(7)),
        "{answer}"
    );
    assert!(told(&ground).await.is_empty());
}
