//! What the log takes from outside: the time and fresh ids. Only the program and the tests make them.

use std::sync::Arc;

use jiff::Timestamp;
use ulid::Ulid;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// Makes ids.
pub trait Ids: Send + Sync {
    /// A ULID that nobody had before; later ones of one process sort later.
    fn fresh(&self, now: Timestamp) -> Ulid;
}

/// The clock and the ids of one process.
#[derive(Clone)]
pub struct Ambient {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Makes ids.
    pub ids: Arc<dyn Ids>,
}

impl Ambient {
    /// The present moment, to the microsecond that the database keeps.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        to_micros(self.clock.now())
    }

    /// A fresh ULID of the present moment.
    #[must_use]
    pub fn fresh_id(&self) -> Ulid {
        self.ids.fresh(self.clock.now())
    }
}

impl std::fmt::Debug for Ambient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ambient")
    }
}

/// Cuts a moment to the microsecond, the finest that PostgreSQL stores.
pub(crate) fn to_micros(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}
