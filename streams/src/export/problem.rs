//! Why a request for a file is not answered with one.

use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// Status, code and detail, told as RFC 9457 says it; whoever came too early or too often is told when to come again.
#[derive(Clone, Debug)]
pub struct Problem(pub StatusCode, pub &'static str, pub String);

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Self(status, code, detail) = self;
        let problem =
            json!({ "type": "about:blank", "status": status.as_u16(), "code": code, "detail": detail });
        let kind = [(CONTENT_TYPE, "application/problem+json")];
        let mut response = (status, kind, problem.to_string()).into_response();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(RETRY_AFTER, 5.into());
        }
        response
    }
}
