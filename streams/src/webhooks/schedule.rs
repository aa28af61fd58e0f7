//! When a delivery that failed is tried again.

use std::str::FromStr;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

/// How far a receiver's `Retry-After` counts.
const AFTER_AT_MOST: Duration = Duration::from_secs(24 * 60 * 60);

/// The pauses between attempts, one after the other; when they are over, the endpoint is paused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule(Vec<Duration>);

/// A text that is no schedule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no pause: write them like 5s,5m,2h,1d")]
pub struct BadSchedule(String);

impl Default for Schedule {
    /// Ten attempts over three days and some hours.
    fn default() -> Self {
        let seconds = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
        Self(seconds.map(Duration::from_secs).to_vec())
    }
}

impl FromStr for Schedule {
    type Err = BadSchedule;
    fn from_str(text: &str) -> Result<Self, BadSchedule> {
        let pause = |part: &str| {
            let bad = || BadSchedule(part.to_owned());
            let part = part.trim();
            let unit = part.trim_start_matches(|digit: char| digit.is_ascii_digit());
            let count: u64 = part[..part.len() - unit.len()].parse().map_err(|_| bad())?;
            let unit_ms = match unit {
                "ms" => 1,
                "s" => 1_000,
                "m" => 60_000,
                "h" => 3_600_000,
                "d" => 86_400_000,
                _ => return Err(bad()),
            };
            Ok(Duration::from_millis(count.checked_mul(unit_ms).ok_or_else(bad)?))
        };
        text.split(',').map(pause).collect::<Result<_, _>>().map(Self)
    }
}

impl Schedule {
    /// When a delivery is tried again after so many attempts, the last of which failed now; `None` when it was tried often
    /// enough. A receiver's word (`after`) may put it off, but not forward.
    #[must_use]
    pub fn next(
        &self,
        attempts: u32,
        number: i64,
        now: Timestamp,
        after: Option<Duration>,
    ) -> Option<Timestamp> {
        let pause = self.0.get(usize::try_from(attempts).ok()?.checked_sub(1)?)?;
        // A fifth more at most, other for each delivery and attempt: what failed together does not come back together.
        let digest = Sha256::digest(format!("{number}/{attempts}"));
        let jitter = *pause * u32::from(digest[0]) / (5 * 255);
        let pause = (*pause + jitter).max(after.unwrap_or_default().min(AFTER_AT_MOST));
        now.checked_add(SignedDuration::try_from(pause).ok()?).ok()
    }
}
