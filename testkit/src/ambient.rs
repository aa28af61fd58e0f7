//! A clock that stands still until a test moves it, and ids that count up.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use jiff::{SignedDuration, Timestamp};
use store::{Ambient, Clock, Ids};
use ulid::Ulid;

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct TestClock(AtomicI64);

impl TestClock {
    /// A clock that shows `now`.
    #[must_use]
    pub fn at(now: Timestamp) -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(now.as_microsecond())))
    }

    /// Moves the clock ahead (or back, by a negative step).
    pub fn advance(&self, by: SignedDuration) {
        self.0.fetch_add(
            i64::try_from(by.as_micros()).unwrap_or(i64::MAX),
            Ordering::SeqCst,
        );
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_microsecond(self.0.load(Ordering::SeqCst)).unwrap_or_default()
    }
}

/// Ids that count up from a seed of their own, so that two processes of a test never make the same.
#[derive(Debug)]
pub struct TestIds {
    seed: u64,
    next: AtomicU64,
}

impl TestIds {
    /// Ids with this seed.
    #[must_use]
    pub const fn seeded(seed: u64) -> Self {
        Self {
            seed,
            next: AtomicU64::new(1),
        }
    }
}

impl Ids for TestIds {
    fn fresh(&self, now: Timestamp) -> Ulid {
        let count = u128::from(self.next.fetch_add(1, Ordering::SeqCst));
        let milliseconds = u64::try_from(now.as_millisecond()).unwrap_or_default();
        Ulid::from_parts(
            milliseconds,
            (u128::from(self.seed) << 48 | count) & ((1 << 80) - 1),
        )
    }
}

/// A clock that stands at 2026-03-02 12:00 UTC, and ids with this seed.
#[must_use]
pub fn ambient(seed: u64) -> Ambient {
    Ambient {
        clock: TestClock::at(Timestamp::constant(1_772_452_800, 0)),
        ids: Arc::new(TestIds::seeded(seed)),
    }
}
