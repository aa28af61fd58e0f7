//! Hours put together: what a meter measured in a day, a month or any other span.

use std::collections::{BTreeMap, BTreeSet};

use domain::meter::{Aggregation, mean_level};
use domain::pricing::{Exact, TooLarge};
use jiff::Timestamp;

use super::UsageHour;

/// From a moment on, before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// When it begins.
    pub from: Timestamp,
    /// When it is over.
    pub until: Timestamp,
}

impl Span {
    /// Whether a moment is in it.
    #[must_use]
    pub fn has(&self, moment: Timestamp) -> bool {
        moment >= self.from && moment < self.until
    }
}

/// What a meter measured in a span, in one group.
#[derive(Clone, Debug, PartialEq)]
pub struct Measure {
    /// The span.
    pub span: Span,
    /// The group: a JSON object of texts with its names in order.
    pub group: String,
    /// The quantity, exactly.
    pub quantity: Exact,
    /// How many events made it.
    pub events: i64,
    /// The rows behind it: hour and value, by which its evidence is found.
    pub rows: Vec<(Timestamp, String)>,
}

/// What hours come to in each span, by group; spans follow each other in order. Spans without an event are left out,
/// unless a level holds in them. Of a level, the hours must go back to the first.
///
/// # Errors
/// [`TooLarge`] when a sum does not fit.
pub fn measured(
    aggregation: Aggregation,
    hours: &[UsageHour],
    spans: &[Span],
) -> Result<Vec<Measure>, TooLarge> {
    let mut by_group: BTreeMap<&str, Vec<&UsageHour>> = BTreeMap::new();
    for hour in hours {
        by_group.entry(&hour.group_key).or_default().push(hour);
    }
    let mut measures = Vec::new();
    for span in spans {
        for (group, hours) in &by_group {
            let inside: Vec<&UsageHour> = within(hours, *span).collect();
            let quantity = match aggregation {
                Aggregation::TimeWeightedSum => {
                    mean_level(hours.iter().map(|hour| hour.level()), (span.from, span.until))?
                }
                _ if inside.is_empty() => continue,
                aggregation => together(aggregation, &inside)?,
            };
            if inside.is_empty() && quantity == Exact::ZERO {
                continue;
            }
            measures.push(Measure {
                span: *span,
                group: (*group).to_owned(),
                quantity,
                events: inside.iter().map(|hour| hour.events).sum(),
                rows: inside
                    .iter()
                    .map(|hour| (hour.hour, hour.member.clone()))
                    .collect(),
            });
        }
    }
    Ok(measures)
}

fn within<'h>(hours: &[&'h UsageHour], span: Span) -> impl Iterator<Item = &'h UsageHour> {
    hours
        .iter()
        .copied()
        .filter(move |hour| hour.hour >= span.from && hour.hour < span.until)
}

fn sum(hours: &[&UsageHour]) -> Result<Exact, TooLarge> {
    let mut sums = hours.iter().map(|hour| Exact::from(hour.sum));
    sums.try_fold(Exact::ZERO, Exact::plus)
}

fn together(aggregation: Aggregation, hours: &[&UsageHour]) -> Result<Exact, TooLarge> {
    let events: i64 = hours.iter().map(|hour| hour.events).sum();
    match aggregation {
        Aggregation::Count => Ok(Exact::whole(events)),
        Aggregation::Sum | Aggregation::TimeWeightedSum => sum(hours),
        Aggregation::Average => sum(hours)?.over(Exact::whole(events)),
        Aggregation::Min => Ok(hours
            .iter()
            .filter_map(|hour| hour.least)
            .min()
            .map_or(Exact::ZERO, Exact::from)),
        Aggregation::Max => Ok(hours
            .iter()
            .filter_map(|hour| hour.most)
            .max()
            .map_or(Exact::ZERO, Exact::from)),
        Aggregation::Latest => {
            let last = hours
                .iter()
                .max_by_key(|hour| (hour.latest_at, hour.latest_position));
            Ok(last.and_then(|hour| hour.latest).map_or(Exact::ZERO, Exact::from))
        }
        Aggregation::UniqueCount => {
            let members: BTreeSet<&str> = hours.iter().map(|hour| hour.member.as_str()).collect();
            Ok(Exact::whole(i64::try_from(members.len()).unwrap_or(i64::MAX)))
        }
    }
}
