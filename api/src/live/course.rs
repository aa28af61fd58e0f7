//! What the executor is told of a subscription besides its document, and what it tells of each response.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::{Admission, Drain};

/// From where a subscription is executed, and how far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Begin {
    /// From where its document says until it has caught up.
    AsAsked,
    /// From a position until it has caught up.
    At(u64),
    /// The same, after its reader fell behind.
    Lagged(u64),
    /// From a position on, for ever: the execution that many share.
    Live(u64),
}

/// What is said beside the items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sign {
    /// All of the past was told.
    CaughtUp,
    /// Nothing came for a while, or the process is about to end.
    Heartbeat,
    /// The reader fell behind; what it has not seen follows from the table.
    Lagged,
}

/// One word of a subscription: an item, or a sign.
#[derive(Clone, Debug)]
pub(crate) enum Word<T> {
    Item(T),
    Sign(Sign),
}

/// What a response is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An event: told once, at its own position.
    Event,
    /// How something is at a position: what is told later counts.
    State,
    Sign(Sign),
}

/// Where in the log the response that comes next belongs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// Everything up to here was told, with this response.
    pub(crate) position: u64,
    pub(crate) kind: Kind,
}

/// The course of one execution; it is in the request's data.
#[derive(Clone)]
pub(crate) struct Course {
    pub(crate) begin: Begin,
    pub(crate) heartbeat: Duration,
    pub(crate) drain: Drain,
    pub(crate) admission: Admission,
    place: Arc<Mutex<Option<Place>>>,
}

impl Course {
    pub(crate) fn new(begin: Begin, heartbeat: Duration, drain: Drain, admission: Admission) -> Self {
        Self {
            begin,
            heartbeat,
            drain,
            admission,
            place: Arc::default(),
        }
    }

    /// Notes where the word belongs that is handed to the executor now. It executes one after the other, so that
    /// the next response is this word's.
    pub(crate) fn note(&self, position: u64, kind: Kind) {
        *self.place() = Some(Place { position, kind });
    }

    /// The place of the response that has just come; none before the first word.
    pub(crate) fn noted(&self) -> Option<Place> {
        *self.place()
    }

    fn place(&self) -> std::sync::MutexGuard<'_, Option<Place>> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
