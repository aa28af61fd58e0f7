//! The recent events, bounded in number and bytes.

use std::collections::VecDeque;
use std::sync::Arc;

use domain::RecordedEvent;

use crate::vault::erases;

/// The last events of the log, or of a part of it, without one missing between them.
#[derive(Debug)]
pub(super) struct Ring {
    events: VecDeque<Arc<RecordedEvent>>,
    /// The position after which no event is missing.
    before: u64,
    /// The position up to which no event is missing.
    upto: u64,
    bytes: usize,
    max_events: usize,
    max_bytes: usize,
}

impl Ring {
    pub(super) const fn new(head: u64, max_events: usize, max_bytes: usize) -> Self {
        Self {
            events: VecDeque::new(),
            before: head,
            upto: head,
            bytes: 0,
            max_events,
            max_bytes,
        }
    }

    /// Takes in the event behind all others.
    pub(super) fn push(&mut self, event: Arc<RecordedEvent>) {
        if erases(&event.event_type) {
            // What came before may hold what is erased now: whoever is behind reads the table.
            self.events.clear();
            self.bytes = 0;
            self.before = event.position.saturating_sub(1);
        }
        self.bytes += event.payload.len();
        self.upto = event.position;
        self.events.push_back(event);
        while self.events.len() > self.max_events || self.bytes > self.max_bytes {
            let Some(oldest) = self.events.pop_front() else {
                return;
            };
            self.bytes -= oldest.payload.len();
            self.before = oldest.position;
        }
    }

    /// Takes in all events of a part of the log that lie after a position, up to another.
    pub(super) fn extend(&mut self, (after, upto): (u64, u64), events: Vec<RecordedEvent>) {
        if after > self.upto {
            // What lies between is only in the table.
            *self = Self::new(after, self.max_events, self.max_bytes);
        }
        for event in events {
            if event.position > self.upto {
                self.push(Arc::new(event));
            }
        }
        self.upto = self.upto.max(upto);
    }

    /// Whether the events after a position, of a log that reaches up to `head`, are here and not missing.
    pub(super) const fn reaches(&self, position: u64, head: u64) -> bool {
        position >= self.before && (position < self.upto || head <= self.upto)
    }

    /// How many of the events lie after a position.
    pub(super) fn behind(&self, position: u64) -> usize {
        self.events.len() - self.events.partition_point(|event| event.position <= position)
    }

    /// Up to `limit` events after a position, and the position up to which that is all; `None` when some of them
    /// are missing.
    pub(super) fn after(&self, position: u64, limit: usize) -> Option<(Vec<Arc<RecordedEvent>>, u64)> {
        if position < self.before || position >= self.upto {
            return None;
        }
        let skip = self.events.partition_point(|event| event.position <= position);
        let events: Vec<_> = self.events.iter().skip(skip).take(limit).cloned().collect();
        let upto = match events.last() {
            Some(last) if events.len() == limit => last.position,
            _ => self.upto,
        };
        Some((events, upto))
    }
}
