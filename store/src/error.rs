//! What can go wrong: the rules refuse, the log rejects, somebody else was quicker, or the log is away.

use std::time::Duration;

use domain::{DecodeError, StreamId};
use jiff::Timestamp;

use crate::archive::Archives;
use crate::vault::VaultError;

/// Why a command left no trace in the log. `R` is the aggregate's refusal.
#[derive(Debug, thiserror::Error)]
pub enum StoreError<R: std::error::Error> {
    /// The rules say no.
    #[error(transparent)]
    Refused(R),
    /// The log's own rules say no.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// Others changed the same stream again and again while this command decided.
    #[error("{stream} was changed by others meanwhile: read it again and repeat the command")]
    Conflict {
        /// The contended stream.
        stream: StreamId,
    },
    /// The log can't take it now.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// A stream can't be read, so nothing can be decided on it.
    #[error(transparent)]
    Unreadable(#[from] ReadError),
}

/// A rule of the log that a write breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// More bytes than an event may have.
    #[error("{event_type}: the payload has {bytes} bytes, at most {limit} are allowed")]
    TooLarge {
        /// The event's stored name.
        event_type: String,
        /// Its payload's size.
        bytes: usize,
        /// The limit in force.
        limit: usize,
    },
    /// Business time too far ahead of the clock.
    #[error("{event_type}: occurred at {occurred_at}, which is more than {tolerance_s} s ahead of {now}")]
    FromTheFuture {
        /// The event's stored name.
        event_type: String,
        /// Its business time.
        occurred_at: Timestamp,
        /// The log's clock.
        now: Timestamp,
        /// How far ahead is allowed, in seconds.
        tolerance_s: i64,
    },
    /// Nothing to append.
    #[error("the batch is empty: give at least one record")]
    EmptyBatch,
    /// More records than a batch may have.
    #[error("the batch has {records} records, at most {limit} are allowed: send them in parts")]
    BatchTooLarge {
        /// Records or events in the batch.
        records: usize,
        /// The limit in force.
        limit: usize,
    },
    /// The key was used for another payload.
    #[error("the key {id:?} of {source_name:?} was used for another payload: first {first}, now {now}")]
    KeyReused {
        /// The key's source.
        source_name: String,
        /// The key.
        id: String,
        /// SHA-256 of the first payload, in hex.
        first: String,
        /// SHA-256 of this payload, in hex.
        now: String,
    },
    /// An expected version that the stream never had.
    #[error("{stream}: version {expected} was expected, but it has only {actual} events")]
    VersionAhead {
        /// The stream.
        stream: StreamId,
        /// What the caller expected.
        expected: u64,
        /// What is there.
        actual: u64,
    },
    /// A personal value that is no clear one.
    #[error("{reason}")]
    NotClear {
        /// Which field, and what it should be.
        reason: String,
    },
    /// The database refused this write alone, with its reason.
    #[error("the database refuses the write: {reason}")]
    Broken {
        /// What the database says.
        reason: String,
    },
}

/// The log can't take or give anything now; repeat after a while.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the log is unavailable: {reason}; try again in {} ms", retry_after.as_millis())]
pub struct Unavailable {
    /// Why.
    pub reason: String,
    /// When to try again.
    pub retry_after: Duration,
}

impl Unavailable {
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            retry_after: Duration::from_millis(250),
        }
    }
}

impl From<sqlx::Error> for Unavailable {
    fn from(error: sqlx::Error) -> Self {
        Self::new(error.to_string())
    }
}

/// Why a reader stopped. It never skips what it cannot read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// A stored event that this program does not understand.
    #[error("position {position}: {source}")]
    Undecodable {
        /// Where it lies in the log.
        position: u64,
        /// What is wrong with it.
        source: DecodeError,
    },
    /// A stored row whose columns are not what the log writes.
    #[error("position {position}: column {column} holds {value:?}")]
    Corrupt {
        /// Where it lies in the log.
        position: u64,
        /// Which column.
        column: &'static str,
        /// What it holds.
        value: String,
    },
    /// A sealed value that can't be opened.
    #[error("position {position}: {source}")]
    Sealed {
        /// Where it lies in the log.
        position: u64,
        /// What is wrong with it.
        source: VaultError,
    },
    /// The keys of personal data are not at hand.
    #[error(transparent)]
    Vault(VaultError),
    /// Some of the events asked for are in files.
    #[error("{0}")]
    Archived(Archives),
    /// A stream's first events are in files, so that it can't be read from its beginning.
    #[error("{stream} can't be read from its first event on: {archives}")]
    ArchivedStream {
        /// Which stream.
        stream: StreamId,
        /// The archives that may hold its events.
        archives: Archives,
    },
    /// The log is away.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl From<sqlx::Error> for ReadError {
    fn from(error: sqlx::Error) -> Self {
        match Archives::of_error(&error) {
            Some(archives) => Self::Archived(archives),
            None => Self::Unavailable(error.into()),
        }
    }
}

impl From<VaultError> for ReadError {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::Sql(error) => error.into(),
            other => Self::Vault(other),
        }
    }
}

/// Why a write can't be sealed: it is the write's fault, or the keys are away.
impl<R: std::error::Error> From<VaultError> for StoreError<R> {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::Sql(error) => Self::Unavailable(error.into()),
            VaultError::NotClear { .. } => Self::Rejected(Rejection::NotClear {
                reason: error.to_string(),
            }),
            other => Self::Unavailable(Unavailable::new(other.to_string())),
        }
    }
}
