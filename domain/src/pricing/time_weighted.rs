//! Quantities that hold for a time: seats, gigabytes, connections.

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::exact::{Exact, TooLarge};

/// A change of a level: so much more or less from an instant on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// From when on.
    pub at: Timestamp,
    /// By how much.
    pub by: Decimal,
}

/// A level over a period, weighted by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weighted {
    /// The level's average over the period: each level times its seconds, by the period's seconds.
    pub average: Exact,
    /// The level at the period's end, which the next one begins with.
    pub level: Decimal,
}

/// The average of a level that begins a period at `carried` and changes at any instants, in any order. Changes
/// before the begin belong to the carried level already, those at or after the end to the next period
/// (Lago, weighted_sum_service_spec.rb).
///
/// # Errors
/// [`TooLarge`], also for a period that does not last.
pub fn time_weighted(
    carried: Decimal,
    changes: &[Change],
    from: Timestamp,
    until: Timestamp,
) -> Result<Weighted, TooLarge> {
    let mut changes: Vec<&Change> = changes
        .iter()
        .filter(|change| change.at >= from && change.at < until)
        .collect();
    changes.sort_by_key(|change| change.at);
    let seconds =
        |a: Timestamp, b: Timestamp| Exact::ratio(b.as_microsecond() - a.as_microsecond(), 1_000_000);
    let (mut sum, mut level, mut since) = (Exact::ZERO, carried, from);
    for change in changes {
        sum = sum.plus(Exact::from(level).times(seconds(since, change.at)?)?)?;
        level = level.checked_add(change.by).ok_or(TooLarge)?;
        since = change.at;
    }
    sum = sum.plus(Exact::from(level).times(seconds(since, until)?)?)?;
    Ok(Weighted {
        average: sum.over(seconds(from, until)?)?,
        level,
    })
}
