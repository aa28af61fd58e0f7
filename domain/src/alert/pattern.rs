//! What a day usually comes to, by the same weekday of the weeks before.

use rust_decimal::Decimal;

use super::Range;

/// How many weeks make a pattern.
pub const WEEKS: usize = 8;
/// With fewer weeks there is no pattern.
const WEEKS_AT_LEAST: usize = 4;
/// A normal distribution's standard deviation is 1.4826 times its median absolute deviation; three of them hold all but
/// 0.3 % of the days.
const DEVIATIONS: Decimal = Decimal::from_parts(44_478, 0, 0, false, 4);
/// What varies less than this share of the median is no anomaly.
const SHARE_AT_LEAST: Decimal = Decimal::from_parts(2, 0, 0, false, 1);

/// The range in which a day is usual, by the figures of the same weekday in the weeks before: the median, and three
/// standard deviations to either side, reckoned from the median absolute deviation, so that one bad week does not hide
/// the next; a fifth of the median at least, and never below zero. `None`: there are too few weeks.
#[must_use]
pub fn usual_range(weeks: &[Decimal]) -> Option<Range> {
    if weeks.len() < WEEKS_AT_LEAST {
        return None;
    }
    let median = middle(weeks.to_vec());
    let deviations = weeks.iter().map(|figure| (*figure - median).abs()).collect();
    let spread = middle(deviations).checked_mul(DEVIATIONS)?;
    let spread = spread.max(median.abs().checked_mul(SHARE_AT_LEAST)?);
    Some(Range {
        least: (median - spread).max(Decimal::ZERO).normalize(),
        most: (median + spread).normalize(),
    })
}

fn middle(mut figures: Vec<Decimal>) -> Decimal {
    figures.sort_unstable();
    let half = figures.len() / 2;
    if figures.len().is_multiple_of(2) {
        (figures[half - 1] + figures[half]) / Decimal::TWO
    } else {
        figures[half]
    }
}
