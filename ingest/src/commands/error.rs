//! Why a foreign record's commands left no trace.

use domain::{InvalidValue, RefusalCode, StreamId};
use store::{ReadError, Rejection, StoreError, Unavailable};

use super::list::AGGREGATE_TYPES;

/// The refusal of a tenant that is unknown, suspended or closed: it holds for all its records alike.
const TENANT_NOT_OPEN: &str = "TENANT_NOT_OPEN";

/// Why a request did not take effect.
#[derive(Debug, thiserror::Error)]
pub enum DispatchError {
    /// The aggregate isn't in the list.
    #[error("there is no aggregate {name:?} to send commands to, but {}", AGGREGATE_TYPES.join(", "))]
    UnknownAggregate {
        /// As given.
        name: String,
    },
    /// The aggregate can't have this id.
    #[error("id: {0}")]
    Id(InvalidValue),
    /// The command's JSON can't be read.
    #[error("{}{reason}", field.as_ref().map(|field| format!("{field}: ")).unwrap_or_default())]
    Field {
        /// The field at fault, as in `value.amount`; none if the reason names it.
        field: Option<String>,
        /// What is wrong with it.
        reason: String,
    },
    /// The rules say no.
    #[error("{message}")]
    Refused {
        /// The refusal's name for machines.
        code: &'static str,
        /// The refusal for people.
        message: String,
    },
    /// The log's own rules say no.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// Others changed the aggregate on every try.
    #[error("{0} was changed by others meanwhile: repeat the command")]
    Conflict(StreamId),
    /// The log can't take it now.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// The aggregate's stream can't be read.
    #[error(transparent)]
    Unreadable(#[from] ReadError),
}

impl DispatchError {
    /// Whether it is the tenant that admits nothing, whatever the record.
    #[must_use]
    pub fn is_tenant_not_open(&self) -> bool {
        matches!(self, Self::Refused { code, .. } if *code == TENANT_NOT_OPEN)
    }

    /// Whether the same request may come through later.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Conflict(_) | Self::Unavailable(_) | Self::Unreadable(ReadError::Unavailable(_))
        )
    }
}

impl<R: RefusalCode + std::error::Error> From<StoreError<R>> for DispatchError {
    fn from(error: StoreError<R>) -> Self {
        match error {
            StoreError::Refused(refusal) => Self::Refused {
                code: refusal.code(),
                message: refusal.to_string(),
            },
            StoreError::Rejected(rejection) => Self::Rejected(rejection),
            StoreError::Conflict { stream } => Self::Conflict(stream),
            StoreError::Unavailable(unavailable) => Self::Unavailable(unavailable),
            StoreError::Unreadable(error) => Self::Unreadable(error),
        }
    }
}
