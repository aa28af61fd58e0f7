//! How fast the log is read: as fast as it goes, or gently beside those who are in a hurry.

use std::num::NonZeroU32;
use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior, interval};

/// So many times a second, at most, a reader that goes gently takes up its next events.
const STEPS: u32 = 20;

/// Counts the events that were read, and waits when they were too many for the time.
pub(crate) struct Pace {
    limit: Option<(Interval, u64)>,
    ready: u64,
    /// How many events were read.
    pub(crate) events: u64,
}

impl Pace {
    /// No more events a second than this; `None`: as many as there are.
    pub(crate) fn new(events_per_second: Option<NonZeroU32>) -> Self {
        let limit = events_per_second.map(|rate| {
            let steps = rate.get().min(STEPS);
            let mut ticks = interval(Duration::from_secs(1) / steps);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            (ticks, u64::from(rate.get() / steps))
        });
        Self {
            limit,
            ready: 0,
            events: 0,
        }
    }

    /// How many events may be read at once, when so many are wanted.
    pub(super) fn at_once(&self, wanted: u32) -> u32 {
        let step = self.limit.as_ref().map(|(_, step)| (*step).max(1));
        step.and_then(|step| u32::try_from(step).ok())
            .map_or(wanted, |step| step.min(wanted))
    }

    /// Takes note of events that were read; comes back when the next may be.
    pub(super) async fn spend(&mut self, events: usize) {
        self.events += events as u64;
        let Some((ticks, step)) = &mut self.limit else {
            return;
        };
        // A question to the database counts as one event, also when nothing came of it.
        let cost = events.max(1) as u64;
        while self.ready < cost {
            ticks.tick().await;
            self.ready += *step;
        }
        self.ready -= cost;
    }
}
