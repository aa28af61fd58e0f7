//! The recent events, bounded in number and bytes.

use std::collections::VecDeque;
use std::sync::Arc;

use domain::RecordedEvent;

use crate::vault::erases;

/// The last events of the log, without a gap between them.
#[derive(Debug)]
pub(super) struct Ring {
    events: VecDeque<Arc<RecordedEvent>>,
    /// The position before the first event in the ring.
    before: u64,
    bytes: usize,
    max_events: usize,
    max_bytes: usize,
}

impl Ring {
    pub(super) const fn new(head: u64, max_events: usize, max_bytes: usize) -> Self {
        Self {
            events: VecDeque::new(),
            before: head,
            bytes: 0,
            max_events,
            max_bytes,
        }
    }

    pub(super) fn push(&mut self, event: Arc<RecordedEvent>) {
        if erases(&event.event_type) {
            // What came before may hold what is erased now: whoever is behind reads the table.
            self.events.clear();
            self.bytes = 0;
            self.before = event.position.saturating_sub(1);
        }
        self.bytes += event.payload.len();
        self.events.push_back(event);
        while self.events.len() > self.max_events || self.bytes > self.max_bytes {
            let Some(oldest) = self.events.pop_front() else {
                return;
            };
            self.bytes -= oldest.payload.len();
            self.before = oldest.position;
        }
    }

    /// Whether no event after a position is forgotten.
    pub(super) const fn reaches(&self, position: u64) -> bool {
        position >= self.before
    }

    /// Up to `limit` events after a position; `None` when the ring has forgotten some of them.
    pub(super) fn after(&self, position: u64, limit: usize) -> Option<Vec<Arc<RecordedEvent>>> {
        let skip = usize::try_from(position.checked_sub(self.before)?).ok()?;
        Some(self.events.iter().skip(skip).take(limit).cloned().collect())
    }
}
