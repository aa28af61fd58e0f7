//! Which events a meter counted: the evidence of a quantity that is made of many rows.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::{Event, RecordedEvent, TenantId};
use jiff::SignedDuration;
use rust_decimal::Decimal;
use store::Part;

use super::outcomes::LONG_AGO;
use super::{Past, PastError};
use crate::engine::ReadModel as _;
use crate::engine::history::{Pace, Walk};
use crate::metered_usage::{MeteredUsage, Span};

/// By how much the clock of whoever writes may be behind that of what is written about: far more than the log allows.
const CLOCKS_APART: SignedDuration = SignedDuration::from_hours(1);

/// What was counted.
#[derive(Clone, Debug)]
pub struct Counting<'a> {
    /// By this meter.
    pub meter: &'a str,
    /// In this version.
    pub version: u32,
    /// The type of the events that it reads.
    pub event_type: &'a str,
    /// In groups that have these values.
    pub group: &'a BTreeMap<String, String>,
    /// In hours that begin in this span; of a level, the span begins with the first change.
    pub span: Span,
}

/// A page of the events that were counted.
#[derive(Clone, Debug)]
pub struct CountedEvents {
    /// The events, in the order of the log.
    pub events: Vec<Arc<RecordedEvent>>,
    /// What each of them added.
    pub values: Vec<Decimal>,
    /// Whether there are more after them.
    pub more: bool,
}

impl Past {
    /// The events that a meter counted, after a position and up to another.
    ///
    /// # Errors
    /// [`PastError`].
    pub async fn counted_events(
        &self,
        tenant: TenantId,
        counting: &Counting<'_>,
        (after, upto): (u64, u64),
        limit: usize,
    ) -> Result<CountedEvents, PastError> {
        self.in_time(self.count(tenant, counting, (after, upto), limit))
            .await
    }

    async fn count(
        &self,
        tenant: TenantId,
        counting: &Counting<'_>,
        (after, upto): (u64, u64),
        limit: usize,
    ) -> Result<CountedEvents, PastError> {
        let part = Part::Tenant {
            tenant,
            aggregates: aggregate_of(counting.event_type),
        };
        let waiting = self.waiting(MeteredUsage::NAME, tenant).await?;
        let mut walk = Walk::new(self.log.clone(), part, upto)
            .without(waiting)
            .beyond(after.max(self.recorded_before(tenant, counting.span).await?));
        let mut pace = Pace::new(None);
        let (mut events, mut values) = (Vec::new(), Vec::new());
        loop {
            let page = walk.next(&mut pace).await?;
            if page.is_empty() {
                return Ok(CountedEvents {
                    events,
                    values,
                    more: false,
                });
            }
            for noted in &page {
                let hour = noted.context.hour(noted.event.occurred_at);
                if !counting.span.has(hour) {
                    continue;
                }
                let value = noted.context.readings(&noted.event).iter().find_map(|reading| {
                    let counted = reading.outcome.as_ref().ok()?;
                    let is_meant = reading.gauge.code().as_str() == counting.meter
                        && reading.gauge.version() == counting.version
                        && has(&counted.group, counting.group);
                    is_meant.then_some(counted.value)
                });
                if let Some(value) = value {
                    events.push(Arc::clone(&noted.event));
                    values.push(value);
                }
            }
            if events.len() > limit {
                events.truncate(limit);
                values.truncate(limit);
                return Ok(CountedEvents {
                    events,
                    values,
                    more: true,
                });
            }
        }
    }
}

impl Past {
    /// A position up to which nothing was recorded of a span: events are recorded when they happen or later, but for what
    /// clocks may be apart.
    async fn recorded_before(&self, tenant: TenantId, span: Span) -> Result<u64, PastError> {
        let begin = span.from.checked_sub(CLOCKS_APART).ok();
        match begin.filter(|_| span.from > LONG_AGO) {
            Some(begin) => Ok(self.log.position_at(Some(tenant), begin).await?),
            None => Ok(0),
        }
    }
}

fn has(group: &str, values: &BTreeMap<String, String>) -> bool {
    let group: BTreeMap<String, String> = serde_json::from_str(group).unwrap_or_default();
    values.iter().all(|(name, value)| group.get(name) == Some(value))
}

/// The aggregates whose events have a type; all, if it can't be told.
pub(super) fn aggregate_of(event_type: &str) -> &'static [&'static str] {
    let family = event_type.split('.').next().unwrap_or_default();
    let family = if family == "custom" { "usage" } else { family };
    let place = Event::AGGREGATE_TYPES.iter().position(|kind| *kind == family);
    place.map_or(&[], |place| &Event::AGGREGATE_TYPES[place..=place])
}
