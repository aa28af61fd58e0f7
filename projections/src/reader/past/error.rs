//! Why there is no answer about the past.

use std::time::Duration;

use jiff::Timestamp;
use store::ReadError;

use crate::engine::history::Refused;
use crate::reader::QueryError;

impl From<sqlx::Error> for PastError {
    fn from(error: sqlx::Error) -> Self {
        Self::Query(error.into())
    }
}

/// Why there is no answer about the past.
#[derive(Debug, thiserror::Error)]
pub enum PastError {
    /// The log can't be read.
    #[error(transparent)]
    Log(#[from] ReadError),
    /// The read models can't be read.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// A fold refuses an event.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// A row can't be brought into its form.
    #[error("{read_model}: {reason}")]
    Row {
        /// The read model.
        read_model: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// A position that the log has not reached.
    #[error("position {wanted} is not recorded yet: the log ends at {head}; ask for a position up to it")]
    NotRecorded {
        /// The position that was asked for.
        wanted: u64,
        /// The last position of the log.
        head: u64,
    },
    /// A moment that has not come.
    #[error("{wanted} lies in the future: it is {now} now; ask for a moment up to it")]
    InTheFuture {
        /// The moment that was asked for.
        wanted: Timestamp,
        /// The log's clock.
        now: Timestamp,
    },
    /// It takes longer than it may.
    #[error(
        "it takes longer than {} ms to fold the log: ask for fewer answers at once, for an earlier point or a \
         smaller part, or raise the limit of time (`past_ms`)",
        limit.as_millis()
    )]
    TooLong {
        /// The limit in force.
        limit: Duration,
    },
    /// It takes more rows than it may.
    #[error(
        "more than {limit} rows of {read_model} would have to be held: ask for an earlier position, or raise the \
         limit of rows (`past_rows`)"
    )]
    TooManyRows {
        /// The read model.
        read_model: &'static str,
        /// The limit in force.
        limit: usize,
    },
    /// The table is another version's.
    #[error(
        "the rows of {read_model} were folded by its version {stored}, and this program folds version {own}: \
         compare them with the program of that version, or let this one fold them again"
    )]
    OtherVersion {
        /// The read model.
        read_model: &'static str,
        /// The version that folded the rows.
        stored: i32,
        /// The version of this program's fold.
        own: i32,
    },
    /// No kind of aggregate of that name.
    #[error("{name:?} is no entity: give its kind and its id, as lead/l1; the kinds are {}", known.join(", "))]
    UnknownEntity {
        /// What was asked for.
        name: String,
        /// The kinds that there are.
        known: Vec<&'static str>,
    },
    /// No read model of that name.
    #[error("there is no read model {name:?}: there are {}", known.join(", "))]
    UnknownReadModel {
        /// What was asked for.
        name: String,
        /// Those that there are.
        known: Vec<&'static str>,
    },
    /// A key that does not name a row of this read model.
    #[error("the key of {read_model} is made of {}: {problem}", wanted.join(", "))]
    WrongKey {
        /// The read model.
        read_model: &'static str,
        /// The columns of its key, beside the tenant's.
        wanted: Vec<&'static str>,
        /// What is wrong with the one that was given.
        problem: String,
    },
    /// No event ever made a row of that key.
    #[error("{read_model} has no row {key}: no event up to position {position} touched it")]
    NoSuchRow {
        /// The read model.
        read_model: &'static str,
        /// The key, as JSON.
        key: String,
        /// Up to where the log was looked through.
        position: u64,
    },
}
