//! How much an answer about the past may cost.

use std::time::Duration;

/// How much an answer about the past may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PastLimits {
    /// How long it may take, the wait for its turn included.
    pub time: Duration,
    /// How many rows it may hold in memory.
    pub rows: usize,
    /// How many answers may be worked on at the same time.
    pub at_once: usize,
}

impl Default for PastLimits {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(10),
            rows: 100_000,
            at_once: 4,
        }
    }
}
