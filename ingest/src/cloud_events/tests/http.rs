//! The route, on a log of its own.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::{Extension, Router};
use domain::tenant::Command;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::cloud_events::{Options, router};
use crate::testing::{Ground, ground};

const EVENT: &str = "application/cloudevents+json";
const BATCH: &str = "application/cloudevents-batch+json";

fn route(ground: &Ground) -> Router {
    router(ground.store.clone(), Options { body_bytes: 10_000 }).layer(Extension(ground.caller.clone()))
}

async fn send(route: &Router, request: Request<Body>) -> (StatusCode, String, Value) {
    let response = route.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let media = response.headers().get("content-type");
    let media = media.map_or("", |media| media.to_str().unwrap()).to_owned();
    let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
    (status, media, serde_json::from_slice(&body).unwrap_or_default())
}

fn post(media: &str, body: impl Into<Body>) -> Request<Body> {
    let request = Request::post("/v1/events").header("content-type", media);
    request.body(body.into()).unwrap()
}

fn usage(id: &str, quantity: &str) -> Value {
    json!({"specversion": "1.0", "id": id, "source": "/shop", "type": "usage.tokens",
        "time": "2026-03-01T10:00:00Z", "data": {"quantity": quantity}})
}

fn qualify(id: &str, lead: &str, score: i32) -> Value {
    json!({"specversion": "1.0", "id": id, "source": "/shop", "type": "lead.qualify", "subject": lead,
        "data": {"score": score}})
}

fn capture(id: &str, lead: &str) -> Value {
    json!({"specversion": "1.0", "id": id, "source": "/shop", "type": "lead.capture", "subject": lead,
        "data": {"vertical": "sales", "source": "web", "email": "Ada@Example.org"}})
}

#[tokio::test]
async fn an_event_is_recorded_once_and_another_under_its_id_conflicts() {
    let ground = ground().await;
    let route = route(&ground);
    let event = usage("1", "1.5").to_string();
    let (status, _, first) = send(&route, post(EVENT, event.clone())).await;
    assert_eq!(status, StatusCode::ACCEPTED);
    assert_eq!(first["status"], "recorded");
    assert_eq!((&first["id"], &first["source"]), (&json!("1"), &json!("/shop")));
    assert!(first["position"].is_u64());
    let (status, _, again) = send(&route, post("application/cloudevents+json; charset=UTF-8", event)).await;
    assert_eq!((status, &again["status"]), (StatusCode::OK, &json!("known")));
    let (status, media, other) = send(&route, post(EVENT, usage("1", "2").to_string())).await;
    assert_eq!(
        (status, media.as_str()),
        (StatusCode::CONFLICT, "application/problem+json")
    );
    assert!(
        other["detail"].as_str().unwrap().contains("another payload"),
        "{other}"
    );
    assert_eq!(ground.events().await, ["tenant.provisioned 1", "usage.tokens 1"]);
    let sql = "select occurred_at::text from events where event_type = 'usage.tokens'";
    let at: String = sqlx::query_scalar(sql)
        .fetch_one(&ground.database.pool().await)
        .await
        .unwrap();
    assert!(at.starts_with("2026-03-01 10:00:00"), "{at}");
}

#[tokio::test]
async fn a_correction_is_recorded_behind_what_it_corrects_and_refused_when_there_is_no_such_record() {
    let ground = ground().await;
    let route = route(&ground);
    let correction = |id: &str, corrects: &str| {
        let mut event = usage(id, "-1");
        event["data"]["dimensions"] = json!({ "corrects": corrects });
        event
    };
    let mut foreign = correction("5", "1");
    foreign["source"] = json!("/other");
    // They come before what they correct, of the same batch; one corrects a correction, one itself, one what is not there.
    let batch = json!([
        correction("3", "2"),
        correction("2", "1"),
        usage("1", "4"),
        correction("4", "4"),
        foreign,
        correction("6", "unheard-of"),
    ]);
    let (_, _, answer) = send(&route, post(BATCH, batch.to_string())).await;
    let results = answer.as_array().unwrap_or_else(|| panic!("{answer:#}"));
    let statuses: Vec<&Value> = results.iter().map(|result| &result["status"]).collect();
    assert_eq!(
        statuses,
        [
            "recorded", "recorded", "recorded", "rejected", "rejected", "rejected"
        ]
    );
    let told = results[5].to_string();
    assert!(
        told.contains("data.dimensions.corrects") && told.contains("unheard-of"),
        "{told}"
    );
    assert_eq!(ground.events().await, ["tenant.provisioned 1", "usage.tokens 3"]);
    let (_, _, again) = send(&route, post(EVENT, correction("2", "1").to_string())).await;
    assert_eq!(again["status"], "known");
}

#[tokio::test]
async fn a_command_reaches_its_aggregate_and_the_rules_answer() {
    let ground = ground().await;
    let route = route(&ground);
    let (status, _, answer) = send(&route, post(EVENT, capture("1", "lead-1").to_string())).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{answer}");
    let (status, _, again) = send(&route, post(EVENT, capture("1", "lead-1").to_string())).await;
    assert_eq!((status, &again["status"]), (StatusCode::OK, &json!("known")));
    let (status, _, refused) = send(&route, post(EVENT, capture("2", "lead-1").to_string())).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(refused["code"], "ALREADY_CAPTURED");
    let (status, _, other) = send(&route, post(EVENT, capture("1", "lead-2").to_string())).await;
    assert_eq!(status, StatusCode::CONFLICT, "{other}");
    assert_eq!(ground.events().await, ["lead.captured 1", "tenant.provisioned 1"]);
}

#[tokio::test]
async fn an_invalid_event_names_the_attribute_and_leaves_no_trace() {
    let ground = ground().await;
    let route = route(&ground);
    let mut wrong_email = capture("1", "lead-1");
    wrong_email["data"]["email"] = "ada".into();
    let mut no_source = usage("1", "1");
    no_source["source"] = Value::Null;
    for (event, attribute) in [
        (wrong_email, "data.email"),
        (no_source, "source"),
        (usage("1", "x"), "data.quantity"),
        (capture("1", "not an id"), "subject"),
        (qualify("1", "lead-1", 300), "data.score"),
    ] {
        let (status, media, problem) = send(&route, post(EVENT, event.to_string())).await;
        assert_eq!(
            (status, media.as_str()),
            (StatusCode::BAD_REQUEST, "application/problem+json")
        );
        assert_eq!(problem["attribute"], attribute, "{problem}");
        assert!(problem["rule"].is_string());
    }
    assert_eq!(ground.events().await, ["tenant.provisioned 1"]);
}

#[tokio::test]
async fn a_batch_is_answered_event_by_event() {
    let ground = ground().await;
    let route = route(&ground);
    let mut bad = usage("4", "1");
    bad["time"] = "noon".into();
    let batch = json!([
        capture("1", "lead-1"),
        qualify("2", "lead-1", 80),
        usage("3", "1"),
        bad,
        usage("3", "1"),
        usage("3", "2"),
        qualify("5", "nobody", 80),
    ]);
    let (status, _, answer) = send(&route, post(BATCH, batch.to_string())).await;
    assert_eq!(status, StatusCode::OK);
    let seen: Vec<_> = answer
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["status"].as_str().unwrap())
        .collect();
    let expected = [
        "recorded",
        "recorded",
        "recorded",
        "rejected",
        "known",
        "conflicting",
        "rejected",
    ];
    assert_eq!(seen, expected, "{answer}");
    assert_eq!(
        (&answer[3]["id"], &answer[3]["attribute"], &answer[6]["code"]),
        (&json!("4"), &json!("time"), &json!("NOT_FOUND"))
    );
    let (_, _, again) = send(&route, post(BATCH, batch.to_string())).await;
    assert_eq!(again[1]["status"], "known");
    assert_eq!(
        ground.events().await,
        [
            "lead.captured 1",
            "lead.qualified 1",
            "tenant.provisioned 1",
            "usage.tokens 1"
        ]
    );
    let (status, _, empty) = send(&route, post(BATCH, "[]")).await;
    assert_eq!((status, empty), (StatusCode::OK, json!([])));
    let (status, _, broken) = send(&route, post(BATCH, "[{")).await;
    assert_eq!(
        (status, &broken["attribute"]),
        (StatusCode::BAD_REQUEST, &json!("body"))
    );
}

#[tokio::test]
async fn an_event_in_headers_is_recorded() {
    let ground = ground().await;
    let request = |media: Option<&str>| {
        let mut request = Request::post("/v1/events")
            .header("ce-specversion", "1.0")
            .header("ce-id", "7")
            .header("ce-source", "/shop")
            .header("ce-type", "custom.visits")
            .header("ce-subject", "caf%C3%A9");
        if let Some(media) = media {
            request = request.header("content-type", media);
        }
        request.body(Body::from(r#"{"quantity": 0.10}"#)).unwrap()
    };
    let route = route(&ground);
    let (status, _, answer) = send(&route, request(Some("application/json"))).await;
    assert_eq!(
        (status, &answer["status"]),
        (StatusCode::ACCEPTED, &json!("recorded"))
    );
    let (status, _, answer) = send(&route, request(None)).await;
    assert_eq!((status, &answer["status"]), (StatusCode::OK, &json!("known")));
    assert_eq!(
        ground.payloads("custom.visits").await,
        [
            json!({"recorded": {"type": "custom.visits", "quantity": "0.1", "unit": null,
            "dimensions": {"subject": "café"}}})
        ]
    );
    let (status, ..) = send(&route, request(Some("text/plain"))).await;
    assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn what_is_no_event_is_turned_down_by_its_form() {
    let ground = ground().await;
    let route = route(&ground);
    for media in [
        "application/json",
        "text/plain",
        "application/cloudevents+xml",
        "application/cloudevents",
        "application/cloudevents+json; charset=utf-16",
    ] {
        let (status, _, problem) = send(&route, post(media, usage("1", "1").to_string())).await;
        assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{media}");
        assert!(
            problem["detail"]
                .as_str()
                .unwrap()
                .contains("application/cloudevents-batch+json")
        );
    }
    let (status, _, problem) = send(&route, post(EVENT, " ".repeat(10_001))).await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::PAYLOAD_TOO_LARGE, &json!("TOO_LARGE"))
    );
    let alone = router(ground.store.clone(), Options::default());
    let (status, _, problem) = send(&alone, post(EVENT, usage("1", "1").to_string())).await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::INTERNAL_SERVER_ERROR, &json!("NO_CALLER"))
    );
    let (status, ..) = send(&route, Request::get("/v1/events").body(Body::empty()).unwrap()).await;
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn a_suspended_tenant_sends_in_vain() {
    let ground = ground().await;
    ground
        .tenant(Command::Suspend {
            reason: "unpaid".into(),
        })
        .await;
    let route = route(&ground);
    for (media, body) in [
        (EVENT, usage("1", "1").to_string()),
        (EVENT, capture("1", "lead-1").to_string()),
        (BATCH, json!([usage("1", "1")]).to_string()),
    ] {
        let (status, _, problem) = send(&route, post(media, body)).await;
        assert_eq!(
            (status, &problem["code"]),
            (StatusCode::FORBIDDEN, &json!("TENANT_NOT_OPEN")),
            "{problem}"
        );
    }
}

#[tokio::test]
async fn a_full_log_asks_to_come_again() {
    let ground = ground().await;
    let mut options = store::Options::new(ground.database.url(), testkit::ambient(2));
    options.limits.queue = 1;
    let full = store::Store::open(options).await.unwrap();
    let route = router(full, Options::default()).layer(Extension(ground.caller.clone()));
    let batch: Vec<_> = (0..50).map(|id| usage(&id.to_string(), "1")).collect();
    let request = post(BATCH, json!(batch).to_string());
    let response = route.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.headers()["retry-after"], "1");
    let (status, _, answer) = send(&route, post(EVENT, usage("0", "1").to_string())).await;
    assert!(status.is_success(), "{answer}");
}
