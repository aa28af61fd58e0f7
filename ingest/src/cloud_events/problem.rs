//! Answers that say no, as problem details (RFC 9457).

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::access::NotTaken;
use serde_json::json;

use super::attribute::Invalid;
use super::taking::Taken;
use crate::commands::DispatchError;

/// What this door is called where it is written down what was not taken.
pub(super) const DOOR: &str = "cloudEvents";

/// A request that is not taken.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    code: String,
    detail: String,
    invalid: Option<Invalid>,
    retry_after_s: Option<u64>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, code: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            status,
            code: code.into(),
            detail: detail.into(),
            invalid: None,
            retry_after_s: None,
        }
    }

    pub(super) fn invalid(invalid: Invalid) -> Self {
        Self {
            invalid: Some(invalid.clone()),
            ..Self::new(StatusCode::BAD_REQUEST, "INVALID", invalid.to_string())
        }
    }

    pub(super) fn conflicting(reason: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "CONFLICTING", reason)
    }

    pub(super) fn failed(error: &DispatchError) -> Self {
        let detail = error.to_string();
        match error {
            DispatchError::Refused { code, .. } if error.is_tenant_not_open() => {
                Self::new(StatusCode::FORBIDDEN, *code, detail)
            }
            DispatchError::Refused { code, .. } => Self::new(StatusCode::UNPROCESSABLE_ENTITY, *code, detail),
            error if error.is_passing() => Self {
                retry_after_s: Some(retry_after_s(error)),
                ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", detail)
            },
            DispatchError::Unreadable(_) => {
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "UNREADABLE", detail)
            }
            _ => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "REJECTED", detail),
        }
    }

    /// The problem of the whole request, if what became of one event says that all of them fare alike.
    pub(super) fn of_all(taken: &[Taken]) -> Option<Self> {
        taken.iter().find_map(|taken| match taken {
            Taken::Failed(error) if error.is_tenant_not_open() || error.is_passing() => {
                Some(Self::failed(error))
            }
            _ => None,
        })
    }

    pub(super) fn code(&self) -> &str {
        &self.code
    }

    #[cfg(feature = "kafka")]
    pub(super) fn detail(&self) -> &str {
        &self.detail
    }
}

fn retry_after_s(error: &DispatchError) -> u64 {
    match error {
        DispatchError::Unavailable(unavailable) => unavailable.retry_after.as_secs().max(1),
        _ => 1,
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut body = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason(),
            "status": self.status.as_u16(),
            "detail": self.detail,
            "code": self.code,
        });
        if let Some(invalid) = self.invalid {
            body["attribute"] = invalid.attribute.into();
            body["rule"] = invalid.rule.into();
        }
        let mut response = (self.status, body.to_string()).into_response();
        if self.status.is_client_error() {
            let not_taken = NotTaken::one(DOOR, &self.code, &self.detail);
            response.extensions_mut().insert(not_taken);
        }
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}
