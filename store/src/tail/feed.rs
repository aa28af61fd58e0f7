//! A tail that is fed by somebody else: a part of the log that comes by another way than from its table.

use std::sync::{Arc, Mutex, PoisonError};

use domain::RecordedEvent;
use tokio::sync::watch;

use super::Tail;
use super::ring::Ring;
use crate::log::Log;

/// How far those have come who read a fed tail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// The position that all have behind them.
    pub slowest: u64,
    /// The position that at least one has behind it.
    pub furthest: u64,
}

/// Whoever has this feeds the tail.
#[derive(Debug)]
pub struct Feed {
    ring: Arc<Mutex<Ring>>,
    seen: watch::Sender<u64>,
    progress: watch::Receiver<Progress>,
}

/// A fed tail, for its readers.
#[derive(Debug)]
pub struct Part {
    /// Followed as any other tail. The table serves whoever is behind what was fed.
    pub tail: Tail,
    /// Its readers say here how far they are.
    pub progress: watch::Sender<Progress>,
}

impl Feed {
    /// A tail that knows nothing yet, with a ring of up to so many events and bytes of payload.
    #[must_use]
    pub fn new(log: &Log, (events, bytes): (usize, usize)) -> (Self, Part) {
        let (seen, watching) = watch::channel(0);
        let (progress, told) = watch::channel(Progress::default());
        let ring = Arc::new(Mutex::new(Ring::new(0, events, bytes)));
        let tail = Tail {
            log: log.clone(),
            ring: Arc::clone(&ring),
            seen: watching,
            is_fed: true,
        };
        let feed = Self {
            ring,
            seen,
            progress: told,
        };
        (feed, Part { tail, progress })
    }

    /// Brings the events of the part that lie after a position, up to another: all of them, in order. What was
    /// brought before is known; where something lies between, the table has it.
    pub fn bring(&self, range: (u64, u64), events: Vec<RecordedEvent>) {
        self.ring().extend(range, events);
        self.is_at(range.1);
    }

    /// The log has reached a position, whether its events are brought or not.
    pub fn is_at(&self, position: u64) {
        self.seen.send_if_modified(|seen| {
            let grows = *seen < position;
            *seen = position.max(*seen);
            grows
        });
    }

    /// The position that the log is known to have reached; 0 while nothing is known.
    #[must_use]
    pub fn position(&self) -> u64 {
        *self.seen.borrow()
    }

    /// How far the readers are.
    #[must_use]
    pub fn progress(&self) -> Progress {
        *self.progress.borrow()
    }

    /// How many events wait for the quickest of the readers.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.ring().behind(self.progress().furthest)
    }

    fn ring(&self) -> std::sync::MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::super::ring::Ring;

    #[test]
    fn a_part_knows_where_it_is_whole() {
        let mut ring = Ring::new(0, 10, 1_000);
        ring.extend((4, 9), Vec::new());
        // Before 4 the table is asked, from 9 on nothing is known.
        assert!(ring.after(3, 5).is_none() && ring.after(9, 5).is_none());
        assert_eq!(
            ring.after(4, 5).map(|(events, upto)| (events.len(), upto)),
            Some((0, 9))
        );
        ring.extend((9, 12), Vec::new());
        assert_eq!(ring.after(5, 5).map(|(_, upto)| upto), Some(12));
        // What came before is known; what lies between is not.
        ring.extend((2, 7), Vec::new());
        assert!(ring.after(12, 5).is_none() && ring.reaches(4, 12) && !ring.reaches(12, 13));
        ring.extend((20, 30), Vec::new());
        assert!(!ring.reaches(12, 30) && ring.reaches(20, 30));
        assert_eq!(ring.after(20, 5).map(|(_, upto)| upto), Some(30));
    }
}
