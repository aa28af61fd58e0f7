//! A request that is not executed: with which errors, and which status over HTTP.

use async_graphql::{Error, Pos, Response, ServerError, Value};
use axum::http::StatusCode;

use super::asked::{InvalidCause, Malformed};
use crate::auth::Denied;
use crate::cost::{self, Empty};
use crate::documents;
use crate::graphql::kit::{Code, IntoFault, code_of, fault};
use crate::limits::Over;

/// What is wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// The request is one, its document is not: a result without data, as GraphQL has it.
    Document,
    /// The request itself is turned away with this status.
    Request(StatusCode),
}

/// A request that is not executed.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) standing: Standing,
    pub(crate) errors: Vec<ServerError>,
    /// What it would have cost, where that is known.
    pub(crate) cost: Option<Value>,
    /// The methods by which it would not be refused.
    pub(crate) allow: Option<&'static str>,
}

impl Refusal {
    /// The request itself is turned away.
    pub(crate) fn request(status: StatusCode, error: Error) -> Self {
        Self {
            standing: Standing::Request(status),
            errors: vec![error.into_server_error(Pos::default()).placeless()],
            cost: None,
            allow: None,
        }
    }

    /// The client sent something that is wrong.
    pub(crate) fn wrong(status: StatusCode, message: impl Into<String>) -> Self {
        Self::request(status, fault(Code::BadUserInput, message))
    }

    /// The tenant has spent what it may.
    pub(crate) fn rate_limited(empty: &Empty, requested: usize) -> Self {
        let wait_ms = u64::try_from(empty.retry_after.as_millis()).unwrap_or(u64::MAX);
        let message = format!("this costs {requested}, more than is left now; try again in {wait_ms} ms");
        let mut error = fault(Code::RateLimited, message);
        let extensions = error.extensions.get_or_insert_default();
        extensions.set("retryAfterMs", wait_ms);
        Self {
            cost: Some(cost::shown(requested, 0, Some(&empty.receipt))),
            ..Self::request(StatusCode::TOO_MANY_REQUESTS, error)
        }
    }

    /// The same, with the methods that are allowed.
    pub(crate) fn allowing(self, methods: &'static str) -> Self {
        Self {
            allow: Some(methods),
            ..self
        }
    }

    /// When to try again, where that is known.
    pub(crate) fn retry_after_seconds(&self) -> Option<u64> {
        let extensions = self.errors.first()?.extensions.as_ref()?;
        match extensions.get("retryAfterMs")? {
            Value::Number(wait_ms) => wait_ms.as_u64().map(|wait_ms| wait_ms.div_ceil(1_000)),
            _ => None,
        }
    }

    /// The document can't be executed.
    pub(crate) fn document(mut errors: Vec<ServerError>) -> Self {
        errors.iter_mut().for_each(give_code);
        Self {
            standing: Standing::Document,
            errors,
            cost: None,
            allow: None,
        }
    }
}

/// Takes away a place that means nothing.
trait Placeless {
    fn placeless(self) -> Self;
}

impl Placeless for ServerError {
    fn placeless(mut self) -> Self {
        self.locations.clear();
        self
    }
}

impl From<Denied> for Refusal {
    fn from(denied: Denied) -> Self {
        Self::request(denied.status(), denied.into_fault())
    }
}

impl From<Malformed> for Refusal {
    fn from(malformed: Malformed) -> Self {
        Self::wrong(StatusCode::BAD_REQUEST, malformed.to_string())
    }
}

impl From<InvalidCause> for Refusal {
    fn from(invalid: InvalidCause) -> Self {
        Self::wrong(StatusCode::BAD_REQUEST, invalid.to_string())
    }
}

impl From<Over> for Refusal {
    fn from(over: Over) -> Self {
        let status = match over.limit {
            "request_bytes" => StatusCode::PAYLOAD_TOO_LARGE,
            "tenant_subscriptions" | "address_connections" | "tenant_replays" | "replays" => {
                StatusCode::TOO_MANY_REQUESTS
            }
            _ => StatusCode::BAD_REQUEST,
        };
        let mut error = fault(Code::LimitExceeded, over.to_string());
        let extensions = error.extensions.get_or_insert_default();
        extensions.set("limit", over.limit);
        Self::request(status, error)
    }
}

impl From<ServerError> for Refusal {
    fn from(error: ServerError) -> Self {
        Self::document(vec![error])
    }
}

impl From<documents::Missing> for Refusal {
    fn from(missing: documents::Missing) -> Self {
        use documents::{Missing, Refused};
        let coded = |code, message: &str| {
            Self::document(vec![
                fault(code, message).into_server_error(Pos::default()).placeless(),
            ])
        };
        match missing {
            Missing::NotNamed => Self::wrong(
                StatusCode::BAD_REQUEST,
                "query: there is none; send a document as a string",
            ),
            // The message is the one that clients of automatic persisted queries look for.
            Missing::NotFound => coded(Code::PersistedQueryNotFound, "PersistedQueryNotFound"),
            Missing::OtherHash => Self::wrong(
                StatusCode::BAD_REQUEST,
                "extensions.persistedQuery.sha256Hash: this is not the SHA-256 of the query",
            ),
            Missing::NotListed => coded(
                Code::DocumentNotListed,
                "query: this document is not on the list of those that are executed here",
            ),
            Missing::Refused(Refused::Over(over)) => over.into(),
            Missing::Refused(Refused::Invalid(errors)) => Self::document(errors),
        }
    }
}

/// Gives the errors that the executor made itself their code.
pub(crate) fn told(mut response: Response) -> Response {
    response.errors.iter_mut().for_each(give_code);
    response
}

fn give_code(error: &mut ServerError) {
    if code_of(error).is_none() {
        let extensions = error.extensions.get_or_insert_default();
        extensions.set("code", Code::BadUserInput.as_str());
    }
}
