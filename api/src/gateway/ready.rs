//! A request that may be executed.

use async_graphql::Request;
use async_graphql::parser::types::OperationType;

use crate::cost::Receipt;

/// A request that passed everything before its execution.
pub(crate) struct Ready {
    pub(crate) request: Request,
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
