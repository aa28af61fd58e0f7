//! Pages of a list, and what can go wrong with a query.

use std::time::Duration;

/// Which end of a list a page begins at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// From the list's own first row on.
    #[default]
    Forward,
    /// From its last row back.
    Backward,
}

/// A part of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page<C> {
    /// The row after which (forward) or before which (backward) the page begins; `None`: at the end itself.
    pub from: Option<C>,
    /// How many rows at most.
    pub limit: u32,
    /// Which way it goes. The rows come in the list's order either way.
    pub direction: Direction,
}

/// Why a query has no answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The database is away, or refuses.
    #[error("the read models are unavailable: {0}")]
    Unavailable(#[from] sqlx::Error),
    /// A stored row is not of the read model's shape: its projector is of another version.
    #[error("a stored row can't be read: {0}")]
    Row(String),
    /// The schema is older than the program.
    #[error("there is no table {0}: run `annals migrate`")]
    NoTable(&'static str),
    /// A filter that nothing narrows.
    #[error(
        "{field}: more than {at_most} entries would be read: narrow it by time (`from`, `before`), actor, action, \
         entity or correlation"
    )]
    TooWide {
        /// Which part of the filter.
        field: &'static str,
        /// How many entries may be read for it.
        at_most: u64,
    },
    /// A filter for whose entries nothing but reading all of them would help.
    #[error(
        "after {after:?} its entries were not found: no index has what it asks for together; narrow it by time (`from`, \
         `before`), or ask by one of actor, action, entity, workspace, correlation or causation alone"
    )]
    TooSlow {
        /// For how long they were looked for.
        after: Duration,
    },
    /// The read models have not come so far in time.
    #[error("position {wanted} is not there yet: the read models are at {reached}")]
    NotThere {
        /// The position that was asked for.
        wanted: u64,
        /// The position of the slowest of those that were waited for.
        reached: u64,
    },
}
