//! Quantities that hold for a time (seats, gigabytes, connections), kept by the hour and weighted by time.

use jiff::Timestamp;
use rust_decimal::Decimal;

use crate::pricing::{Exact, TooLarge};

const HOUR_MICROSECONDS: i64 = 3_600_000_000;

/// What the changes of a level in an hour come to, in whatever order they are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelHour {
    /// When the hour begins.
    pub hour: Timestamp,
    /// By how much the level changed.
    pub changed: Decimal,
    /// Each change times the seconds from it to the hour's end.
    pub weighted: Decimal,
}

impl LevelHour {
    /// An hour without a change.
    #[must_use]
    pub const fn new(hour: Timestamp) -> Self {
        Self {
            hour,
            changed: Decimal::ZERO,
            weighted: Decimal::ZERO,
        }
    }

    /// Adds a change at a moment of the hour; `None` when a sum could not be kept exactly.
    #[must_use]
    pub fn with(self, at: Timestamp, by: Decimal) -> Option<Self> {
        let left = HOUR_MICROSECONDS - (at.as_microsecond() - self.hour.as_microsecond());
        let seconds = Decimal::new(left, 6).normalize();
        Some(Self {
            changed: exact_sum(self.changed, by)?,
            weighted: exact_sum(self.weighted, by.checked_mul(seconds)?)?,
            ..self
        })
    }
}

/// A level's mean from a moment on, before another: what it was at the begin, and each change for as long as it held. The
/// hours must go back to the first change and may come in any order; those from the end on do not count (Lago,
/// weighted_sum_service_spec.rb).
///
/// # Errors
/// [`TooLarge`], also for a time that does not last.
pub fn mean_level(
    hours: impl IntoIterator<Item = LevelHour>,
    (from, until): (Timestamp, Timestamp),
) -> Result<Exact, TooLarge> {
    let seconds = |from: Timestamp, until: Timestamp| {
        Exact::ratio(until.as_microsecond() - from.as_microsecond(), 1_000_000)
    };
    let length = seconds(from, until)?;
    let (mut carried, mut held) = (Exact::ZERO, Exact::ZERO);
    for LevelHour {
        hour,
        changed,
        weighted,
    } in hours
    {
        if hour < from {
            carried = carried.plus(changed.into())?;
        } else if hour < until {
            let over = Timestamp::from_microsecond(hour.as_microsecond() + HOUR_MICROSECONDS);
            let rest = seconds(over.map_err(|_| TooLarge)?, until)?;
            held = held.plus(Exact::from(weighted).plus(Exact::from(changed).times(rest)?)?)?;
        }
    }
    carried.times(length)?.plus(held)?.over(length)
}

/// The sum of two decimals; `None` when digits would be dropped.
#[must_use]
pub fn exact_sum(left: Decimal, right: Decimal) -> Option<Decimal> {
    let sum = left.checked_add(right)?;
    let places = left.normalize().scale().max(right.normalize().scale());
    (sum.scale() >= places).then(|| sum.normalize())
}
