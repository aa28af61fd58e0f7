//! The days of the demo's quarter: the 90 days before a tenant's demo began.

use jiff::{SignedDuration, Timestamp};
use rand::Rng;
use rand::rngs::StdRng;

/// How many days the demo tells of.
pub(super) const DAYS: i64 = 90;

/// A span of 90 days.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quarter {
    begin: Timestamp,
}

impl Quarter {
    /// The 90 days before `end`.
    pub(super) fn before(end: Timestamp) -> Self {
        Self {
            begin: end - SignedDuration::from_hours(24 * DAYS),
        }
    }

    /// Its first moment.
    pub(super) const fn begin(self) -> Timestamp {
        self.begin
    }

    /// A moment of a working hour, early enough that `tail_days` remain.
    pub(super) fn moment(self, rng: &mut StdRng, tail_days: i64) -> Timestamp {
        let day = rng.random_range(0..DAYS - tail_days);
        let second = rng.random_range(8 * 3_600..18 * 3_600);
        self.begin + SignedDuration::from_hours(24 * day) + SignedDuration::from_secs(second)
    }

    /// The beginning of the day with this number.
    pub(super) fn day(self, number: i64) -> Timestamp {
        self.begin + SignedDuration::from_hours(24 * number)
    }
}

/// A moment some minutes later.
pub(super) fn later(rng: &mut StdRng, at: Timestamp, minutes: std::ops::Range<i64>) -> Timestamp {
    at + SignedDuration::from_mins(rng.random_range(minutes))
}
