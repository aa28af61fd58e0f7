//! What a member of the group knows of one partition.

use std::collections::VecDeque;

use domain::RecordedEvent;
use store::{Feed, StoredEvent};

use super::record::Mark;

/// From so many events that wait for the quickest reader on, no more are fetched.
const ENOUGH: usize = 10_000;

/// One partition, whether it is this member's or not.
pub(super) struct Partition {
    feed: Feed,
    /// Events whose mark has not come yet.
    open: Vec<StoredEvent>,
    /// Marks that the slowest reader has not behind it: their positions, and the offsets behind them.
    marks: VecDeque<(u64, i64)>,
    /// Whether no more are fetched for now.
    pub(super) is_paused: bool,
}

impl Partition {
    pub(super) const fn new(feed: Feed) -> Self {
        Self {
            feed,
            open: Vec::new(),
            marks: VecDeque::new(),
            is_paused: false,
        }
    }

    /// It has become this member's: its records begin at the offset that was committed last.
    pub(super) fn begin(&mut self) {
        self.open.clear();
        self.marks.clear();
        self.is_paused = false;
    }

    pub(super) fn event(&mut self, event: StoredEvent) {
        self.open.push(event);
    }

    /// The events since the last mark.
    pub(super) fn take_open(&mut self) -> Vec<StoredEvent> {
        std::mem::take(&mut self.open)
    }

    /// A transaction's events are complete, with the offset behind its mark.
    pub(super) fn mark(&mut self, mark: Mark, events: Vec<RecordedEvent>, next: i64) {
        self.feed.bring((mark.after, mark.upto), events);
        self.marks.push_back((mark.upto, next));
    }

    /// Nothing lies in it; the log is at `head`.
    pub(super) fn at_end(&self, head: u64) {
        self.feed.is_at(head);
    }

    /// Whether its readers know how long the log is, or was.
    pub(super) fn has_begun(&self) -> bool {
        self.feed.position() > 0
    }

    /// Whether its readers have enough to do.
    pub(super) fn is_full(&self) -> bool {
        self.feed.waiting() >= ENOUGH
    }

    /// The offset up to which every reader has folded, if it has grown.
    pub(super) fn folded(&mut self) -> Option<i64> {
        let slowest = self.feed.progress().slowest;
        let mut last = None;
        while let Some((_, next)) = self.marks.pop_front_if(|(upto, _)| *upto <= slowest) {
            last = Some(next);
        }
        last
    }
}
