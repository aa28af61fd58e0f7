//! Why a sync ended before the end of its file.

use crate::commands::DispatchError;
use crate::csv_file::{CsvError, SourceError};

/// Why a sync did not come to the end. What it has recorded until then stays, and is known the next time.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The file can't be read, or the mapping doesn't fit it.
    #[error(transparent)]
    Csv(#[from] CsvError),
    /// A rule refuses it: the tenant's standing, or the connector's.
    #[error("{message}")]
    Refused {
        /// The refusal's name for machines.
        code: &'static str,
        /// The refusal for people.
        message: String,
    },
    /// The log could not take it, for longer than a sync waits; the same file can be imported again.
    #[error("{reason}")]
    Unavailable {
        /// Why.
        reason: String,
    },
}

impl From<SourceError> for SyncError {
    fn from(error: SourceError) -> Self {
        Self::Csv(error.into())
    }
}

impl From<DispatchError> for SyncError {
    fn from(error: DispatchError) -> Self {
        match error {
            DispatchError::Refused { code, message } => Self::Refused { code, message },
            other => Self::Unavailable {
                reason: other.to_string(),
            },
        }
    }
}
