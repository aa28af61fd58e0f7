//! A request's body: bounded in bytes, nesting and time, then read as JSON.

use std::error::Error as _;

use axum::body::{Body, to_bytes};
use axum::http::StatusCode;
use serde_json::Value;

use crate::gateway::{Asked, Gateway, Refusal};
use crate::graphql::kit::{Code, fault};
use crate::limits::{Limits, Over, check_nesting};

/// One request, or several.
pub(super) enum Posted {
    One(Asked),
    Batch(Vec<Asked>),
}

/// Reads a body.
pub(super) async fn read(gateway: &Gateway, body: Body) -> Result<Posted, Refusal> {
    let limits = &gateway.limits;
    let gathered = tokio::time::timeout(limits.time(), to_bytes(body, limits.request_bytes)).await;
    let Ok(gathered) = gathered else {
        let error = fault(Code::TimedOut, "the request's body did not come in time");
        return Err(Refusal::request(StatusCode::REQUEST_TIMEOUT, error));
    };
    let bytes = gathered.map_err(|error| unreadable(&error, limits))?;
    check_nesting(&bytes, limits)?;
    let value = serde_json::from_slice(&bytes).map_err(|error| {
        let message = format!("the body is not JSON: {error}");
        Refusal::wrong(StatusCode::BAD_REQUEST, message)
    })?;
    match value {
        Value::Array(requests) => batch(gateway, requests),
        value => Ok(Posted::One(Asked::from_json(value)?)),
    }
}

fn batch(gateway: &Gateway, requests: Vec<Value>) -> Result<Posted, Refusal> {
    if requests.is_empty() {
        return Err(Refusal::wrong(StatusCode::BAD_REQUEST, "the batch is empty"));
    }
    Over::check(
        "batch",
        "requests in the batch",
        requests.len(),
        gateway.limits.batch,
    )?;
    let asked: Result<Vec<Asked>, _> = requests.into_iter().map(Asked::from_json).collect();
    Ok(Posted::Batch(asked?))
}

/// A body that is larger than the limit, or that broke off.
fn unreadable(error: &axum::Error, limits: &Limits) -> Refusal {
    let is_too_large = error
        .source()
        .is_some_and(|source| source.to_string().contains("length limit"));
    if !is_too_large {
        return Refusal::wrong(StatusCode::BAD_REQUEST, "the body ended before its time");
    }
    Over::more_than("request_bytes", "bytes of the request", limits.request_bytes).into()
}
