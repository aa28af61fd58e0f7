//! A request that may be executed.

use async_graphql::Request;
use async_graphql::parser::types::OperationType;
use axum::http::StatusCode;

use super::Refusal;
use crate::cost::Receipt;
use crate::live::Blueprint;

/// What is to be executed.
pub(super) enum Work {
    /// A query or a mutation.
    Once(Box<Request>),
    /// A subscription.
    Live(Box<Blueprint>),
}

/// A request that passed everything before its execution.
pub(crate) struct Ready {
    pub(super) work: Work,
    pub(crate) kind: OperationType,
    /// Whether it is only asked what it would cost.
    pub(crate) run: Run,
    /// What it may cost.
    pub(crate) requested: usize,
    /// What was paid for it; nobody pays for the platform's administrator.
    pub(crate) receipt: Option<Receipt>,
}

/// What is to be done with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Run {
    /// It is executed.
    Real,
    /// Its cost is told.
    Dry,
}

/// What the way that a request came can answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    /// One answer to a query: a URL that anybody can make somebody else follow.
    Query,
    /// A stream of answers to what does not change anything.
    QueryStream,
    /// One answer.
    One,
    /// A stream of answers.
    Stream,
}

impl Door {
    /// Refuses an operation that does not fit through.
    pub(super) fn check(self, kind: OperationType) -> Result<(), Refusal> {
        match (self, kind) {
            (Self::Query | Self::QueryStream, OperationType::Mutation) => {
                let message = "GET is for queries: send the rest by POST";
                let refusal = Refusal::wrong(StatusCode::METHOD_NOT_ALLOWED, message);
                Err(refusal.allowing("POST"))
            }
            (Self::Query | Self::One, OperationType::Subscription) => Err(Refusal::wrong(
                StatusCode::BAD_REQUEST,
                "a subscription goes over the WebSocket /graphql/ws, or with `Accept: text/event-stream` or \
                 `Accept: multipart/mixed; subscriptionSpec=1.0`",
            )),
            _ => Ok(()),
        }
    }
}
