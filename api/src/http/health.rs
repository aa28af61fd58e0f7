//! `/healthz`, `/readyz` and `/metrics`.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use serde_json::{Value, json};

use crate::options::Options;

const PROMETHEUS_TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The routes that operators and their machines ask; no token is needed.
pub(super) fn routes(options: Options) -> Router {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/metrics", get(metrics))
        .route("/readyz", get(readyz))
        .with_state(options)
}

/// The process is alive.
async fn healthz() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// The process can serve: the database answers, and the read models are not far behind.
async fn readyz(State(options): State<Options>) -> Response {
    let head = options.store.log().head().await;
    if let Err(error) = &head {
        tracing::warn!(%error, "api.readyz the log is away");
    }
    let read_models = match &head {
        Ok(head) => read_models(&options, *head).await,
        Err(_) => Err("the log's end is not known"),
    };
    let log = head
        .map(|position| json!({ "position": position }))
        .map_err(|_| "the database does not answer");
    let checks = [("log", log), ("read_models", read_models)];
    let is_ready = checks.iter().all(|(_, check)| check.is_ok());
    let shown: serde_json::Map<String, Value> = checks
        .into_iter()
        .map(|(name, check)| (name.to_owned(), shown(check)))
        .collect();
    let (code, status) = if is_ready {
        (StatusCode::OK, "ok")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready")
    };
    (code, Json(json!({ "status": status, "checks": shown }))).into_response()
}

/// How far the read models are behind the log.
async fn read_models(options: &Options, head: u64) -> Result<Value, &'static str> {
    let checkpoints = options.reader.checkpoints().await.map_err(|error| {
        tracing::warn!(%error, "api.readyz the read models are away");
        "the database does not answer"
    })?;
    let positions = checkpoints.iter().map(|checkpoint| checkpoint.position);
    // An empty log needs no projector.
    let slowest = positions.min().or_else(|| (head == 0).then_some(0));
    let slowest = slowest.ok_or("no projector has run on this database yet")?;
    let lag = head.saturating_sub(slowest);
    if lag > options.lag_limit {
        return Err("the read models are too far behind the log: look at the projector");
    }
    Ok(json!({ "position": slowest, "lag": lag }))
}

fn shown(check: Result<Value, &str>) -> Value {
    match check {
        Ok(details) => json!({ "status": "ok", "details": details }),
        Err(problem) => json!({ "status": "failing", "problem": problem }),
    }
}

async fn metrics(State(options): State<Options>) -> Response {
    ([(CONTENT_TYPE, PROMETHEUS_TEXT)], (options.metrics)()).into_response()
}
