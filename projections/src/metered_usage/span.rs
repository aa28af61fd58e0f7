//! Days cut into the spans that figures are wanted for, on the clocks of a zone.

use domain::tenant::Zone;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};

use super::Span;
use crate::engine::next_hour;

/// How long the spans are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Granularity {
    /// An hour of the clocks.
    Hour,
    /// A day: 23, 24 or 25 hours.
    Day,
    /// A calendar month, or what of it lies in the days asked for.
    Month,
    /// All of the days.
    Whole,
}

/// Why days can't be cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSpan {
    /// The end before the begin.
    #[error("the last day lies before the first one")]
    Backwards,
    /// More spans than an answer has.
    #[error("these are more than {0} spans: ask for fewer days, or for longer spans")]
    TooMany(usize),
    /// Beyond what a calendar can tell.
    #[error("the days lie beyond the years 1 to 9999")]
    OutOfTime,
}

/// The spans from a day to another, this included, in order.
///
/// # Errors
/// [`BadSpan`], also for more than `at_most` spans.
pub fn spans(
    (first, last): (Date, Date),
    granularity: Granularity,
    zone: &Zone,
    at_most: usize,
) -> Result<Vec<Span>, BadSpan> {
    if last < first {
        return Err(BadSpan::Backwards);
    }
    let rules = zone.rules();
    let begin = |day: Date| -> Result<Timestamp, BadSpan> {
        let zoned = day.to_zoned(rules.clone()).map_err(|_| BadSpan::OutOfTime)?;
        Ok(zoned.timestamp())
    };
    let over = last.checked_add(1.day()).map_err(|_| BadSpan::OutOfTime)?;
    let end = begin(over)?;
    let mut spans = Vec::new();
    let (mut day, mut from) = (first, begin(first)?);
    while from < end {
        if spans.len() == at_most {
            return Err(BadSpan::TooMany(at_most));
        }
        let until = match granularity {
            Granularity::Hour => next_hour(&rules, from),
            Granularity::Day => {
                day = day.checked_add(1.day()).map_err(|_| BadSpan::OutOfTime)?;
                begin(day)?
            }
            Granularity::Month => {
                let next = day.first_of_month().checked_add(1.month());
                day = next.map_err(|_| BadSpan::OutOfTime)?;
                begin(day)?
            }
            Granularity::Whole => end,
        };
        let until = until.min(end);
        spans.push(Span { from, until });
        from = until;
    }
    Ok(spans)
}
