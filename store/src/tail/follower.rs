//! One reader at its own pace: it loses nothing and holds one page at most.

use std::sync::Arc;

use domain::RecordedEvent;

use super::Tail;
use crate::error::{ReadError, Unavailable};
use crate::log::Filter;

const PAGE: usize = 1_000;

/// What a follower got at one step.
#[derive(Debug)]
pub struct Step {
    /// The events that pass the filter, in order; may be empty.
    pub events: Vec<Arc<RecordedEvent>>,
    /// The position up to which all events were looked at.
    pub position: u64,
    /// Whether this was all there is for now.
    pub caught_up: bool,
}

/// Reads the log from a position and goes on as it grows.
#[derive(Debug)]
pub struct Follower {
    tail: Tail,
    position: u64,
    filter: Filter,
    page: usize,
}

impl Follower {
    pub(super) const fn new(tail: Tail, after: u64, filter: Filter) -> Self {
        Self {
            tail,
            position: after,
            filter,
            page: PAGE,
        }
    }

    /// The same follower, with at most so many events a step.
    #[must_use]
    pub fn paged(self, events: usize) -> Self {
        Self {
            page: events.clamp(1, PAGE),
            ..self
        }
    }

    /// The position up to which this follower has looked at all events.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.position
    }

    /// Whether everything that this process knows of was looked at.
    #[must_use]
    pub fn is_at_end(&self) -> bool {
        self.position >= self.tail.position()
    }

    /// Whether the next step reads the table, because the recent events do not reach back so far.
    #[must_use]
    pub fn reads_the_table(&self) -> bool {
        !self.tail.ring().reaches(self.position, self.tail.position())
    }

    /// The next events, waiting for some if there are none. The result may be empty when events came
    /// that the filter does not want: the position has moved on. Safe to cancel: nothing is lost.
    ///
    /// # Errors
    /// [`ReadError`] when the next event can't be read, or the tail has stopped.
    pub async fn next(&mut self) -> Result<Step, ReadError> {
        loop {
            let head = *self.tail.seen.borrow_and_update();
            if self.position < head {
                return self.step(head).await;
            }
            let stopped = |_| ReadError::Unavailable(Unavailable::new("the log's tail has stopped"));
            self.tail.seen.changed().await.map_err(stopped)?;
        }
    }

    async fn step(&mut self, head: u64) -> Result<Step, ReadError> {
        let recent = self.tail.ring().after(self.position, self.page);
        let (events, looked_at) = match recent {
            Some((mut recent, looked_at)) => {
                recent.retain(|event| self.filter.accepts(event));
                (recent, looked_at)
            }
            None => {
                let limit = u32::try_from(self.page).unwrap_or(u32::MAX);
                let page = self.tail.log.page(self.position, &self.filter, limit).await?;
                // A page that is not full has seen everything up to the head that was known before it.
                let looked_at = match page.last() {
                    Some(last) if page.len() == self.page => last.position,
                    Some(last) => last.position.max(head),
                    None => head,
                };
                (page.into_iter().map(Arc::new).collect(), looked_at)
            }
        };
        self.position = looked_at;
        Ok(Step {
            events,
            position: looked_at,
            caught_up: looked_at >= head,
        })
    }
}
