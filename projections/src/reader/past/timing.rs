//! The past's own timing: how long to wait between two moments when they are played again.

use std::time::Duration;

use jiff::Timestamp;

/// The fastest that the past is played.
pub const SPEED_AT_MOST: u32 = 1_000;

/// How fast the past is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    speed: u32,
    idle_at_most: Option<Duration>,
}

/// How long to wait for the next moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// So long.
    pub wait: Duration,
    /// So much of the past was skipped, in which nothing happened.
    pub skipped: Duration,
}

/// A speed at which nothing is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no speed: give 1 (as it was) to {SPEED_AT_MOST} (so many times as fast)")]
pub struct NoSpeed(pub i64);

impl Timing {
    /// So many times as fast as it was, from 1 to 1,000. Of a time in which nothing happened, `idle_at_most` is
    /// played.
    ///
    /// # Errors
    /// [`NoSpeed`].
    pub fn try_new(speed: i64, idle_at_most: Option<Duration>) -> Result<Self, NoSpeed> {
        let within = u32::try_from(speed)
            .ok()
            .filter(|speed| (1..=SPEED_AT_MOST).contains(speed));
        within
            .map(|speed| Self { speed, idle_at_most })
            .ok_or(NoSpeed(speed))
    }

    /// How many times as fast as it was.
    #[must_use]
    pub const fn speed(self) -> u32 {
        self.speed
    }

    /// The same at another speed, brought within its bounds.
    #[must_use]
    pub fn at(self, speed: u32) -> Self {
        Self {
            speed: speed.clamp(1, SPEED_AT_MOST),
            ..self
        }
    }

    /// How long to wait from one moment of the past until another.
    #[must_use]
    pub fn between(self, from: Timestamp, until: Timestamp) -> Wait {
        let passed = Duration::try_from(until.duration_since(from)).unwrap_or_default();
        let played = self.idle_at_most.map_or(passed, |most| passed.min(most));
        Wait {
            wait: played / self.speed,
            skipped: passed.saturating_sub(played),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::{NoSpeed, Timing};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn the_past_takes_as_long_as_it_took_divided_by_the_speed() {
        for (speed, milliseconds) in [(1, 60_000), (10, 6_000), (1_000, 60)] {
            let wait = Timing::try_new(speed, None).unwrap().between(at(0), at(60));
            assert_eq!(wait.wait, Duration::from_millis(milliseconds));
            assert_eq!(wait.skipped, Duration::ZERO);
        }
        let timing = Timing::try_new(1, None).unwrap();
        assert_eq!(
            timing.between(at(5), at(3)).wait,
            Duration::ZERO,
            "nothing runs backwards"
        );
    }

    #[test]
    fn idle_time_is_skipped_but_for_what_is_played_of_it() {
        let timing = Timing::try_new(2, Some(Duration::from_secs(10))).unwrap();
        let long = timing.between(at(0), at(3_600));
        assert_eq!(
            (long.wait, long.skipped),
            (Duration::from_secs(5), Duration::from_secs(3_590))
        );
        let short = timing.between(at(0), at(4));
        assert_eq!(
            (short.wait, short.skipped),
            (Duration::from_secs(2), Duration::ZERO)
        );
        let none = Timing::try_new(1, Some(Duration::ZERO)).unwrap();
        assert_eq!(none.between(at(0), at(9)).wait, Duration::ZERO);
    }

    #[test]
    fn a_speed_lies_between_1_and_1000() {
        for wrong in [0, -1, 1_001, i64::MAX] {
            assert_eq!(Timing::try_new(wrong, None), Err(NoSpeed(wrong)));
        }
        let timing = Timing::try_new(1_000, None).unwrap();
        assert_eq!((timing.at(2_000).speed(), timing.at(0).speed()), (1_000, 1));
    }
}
