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
    let log = match options.store.log().head().await {
        Ok(head) => Ok(json!({ "position": head })),
        Err(error) => {
            tracing::warn!(%error, "api.readyz the log is away");
            Err("the database does not answer")
        }
    };
    let checks = [("log", log)];
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

fn shown(check: Result<Value, &str>) -> Value {
    match check {
        Ok(details) => json!({ "status": "ok", "details": details }),
        Err(problem) => json!({ "status": "failing", "problem": problem }),
    }
}

async fn metrics(State(options): State<Options>) -> Response {
    ([(CONTENT_TYPE, PROMETHEUS_TEXT)], (options.metrics)()).into_response()
}
