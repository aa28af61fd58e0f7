//! What meters read of events becomes hours. Whatever order events come in, the rows are the same: sums, extremes, and
//! the last by business time.

use domain::meter::{Aggregation, Counted, Gauge, LevelHour, Reading, exact_sum};
use domain::{RecordedEvent, TenantId};
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::engine::{Context, ReadModel, RowKey, Rows, Unfoldable};

/// What meters measured.
#[derive(Debug)]
pub struct MeteredUsage;

/// What a meter measured in an hour, in one group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UsageHour {
    /// The tenant that used it.
    pub tenant_id: TenantId,
    /// The meter's code.
    pub meter: String,
    /// The meter's version.
    pub version: i32,
    /// When the hour began on the tenant's clocks.
    pub hour: Timestamp,
    /// The group: a JSON object of texts with its names in order.
    pub group_key: String,
    /// The value that this row stands for, when different values are counted; else empty.
    pub member: String,
    /// How many events counted.
    pub events: i64,
    /// The values' sum; of a level, by how much it changed.
    pub sum: Decimal,
    /// Of a level: each change times the seconds from it to the next full hour.
    pub weighted: Decimal,
    /// The smallest value; none for other aggregations.
    pub least: Option<Decimal>,
    /// The largest value; none for other aggregations.
    pub most: Option<Decimal>,
    /// The value of the event that happened last; none for other aggregations.
    pub latest: Option<Decimal>,
    /// When that was.
    pub latest_at: Option<Timestamp>,
    /// The event's position, which decides between two of one time.
    pub latest_position: Option<i64>,
}

/// The key of a meter's hour.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct UsageKey {
    /// The tenant.
    pub tenant_id: TenantId,
    /// The meter's code.
    pub meter: String,
    /// The meter's version.
    pub version: i32,
    /// When the hour began.
    pub hour: Timestamp,
    /// The group.
    pub group_key: String,
    /// The value, when different values are counted.
    pub member: String,
}

impl RowKey for UsageKey {
    fn tenant(&self) -> TenantId {
        self.tenant_id
    }
}

fn key(event: &RecordedEvent, context: &Context, gauge: &Gauge, counted: &Counted) -> UsageKey {
    UsageKey {
        tenant_id: event.tenant(),
        meter: gauge.code().as_str().to_owned(),
        version: i32::try_from(gauge.version()).unwrap_or(i32::MAX),
        hour: context.hour(event.occurred_at),
        group_key: counted.group.clone(),
        member: counted.member.clone(),
    }
}

fn counted<'c>(
    event: &RecordedEvent,
    context: &'c Context,
) -> impl Iterator<Item = (&'c Gauge, &'c Counted)> + use<'c> {
    let counts = |reading: &'c Reading| Some((&*reading.gauge, reading.outcome.as_ref().ok()?));
    context.readings(event).iter().filter_map(counts)
}

impl ReadModel for MeteredUsage {
    const NAME: &'static str = "metered_usage";
    /// Grows with any change of the bundled meters, too; a test of [`crate::metered_usage`] holds it to that.
    const VERSION: i32 = 4;
    const KEY: &'static [&'static str] = &["tenant_id", "meter", "version", "hour", "group_key", "member"];
    const READS: &'static [&'static str] = &[];
    const LOOKS_BACK: bool = true;

    type Key = UsageKey;
    type Row = UsageHour;

    fn touches(event: &RecordedEvent, context: &Context) -> Vec<UsageKey> {
        let key = |(gauge, counted): (&Gauge, &Counted)| key(event, context, gauge, counted);
        counted(event, context).map(key).collect()
    }

    fn fold(rows: &mut Rows<Self>, event: &RecordedEvent, context: &Context) -> Result<(), Unfoldable> {
        for (gauge, counted) in counted(event, context) {
            let key = key(event, context, gauge, counted);
            let row = rows.row(key.clone(), || UsageHour::empty(key));
            row.add(gauge.definition().aggregation, event, counted.value)
                .ok_or_else(|| {
                    Unfoldable::new(format!("{}: an hour's sum has more than 28 digits", gauge.code()))
                })?;
        }
        Ok(())
    }
}

impl UsageHour {
    fn empty(key: UsageKey) -> Self {
        Self {
            tenant_id: key.tenant_id,
            meter: key.meter,
            version: key.version,
            hour: key.hour,
            group_key: key.group_key,
            member: key.member,
            events: 0,
            sum: Decimal::ZERO,
            weighted: Decimal::ZERO,
            least: None,
            most: None,
            latest: None,
            latest_at: None,
            latest_position: None,
        }
    }

    /// What its events changed of a level.
    pub(super) const fn level(&self) -> LevelHour {
        LevelHour {
            hour: self.hour,
            changed: self.sum,
            weighted: self.weighted,
        }
    }

    /// Adds an event; `None` when a sum could not be kept exactly.
    fn add(&mut self, aggregation: Aggregation, event: &RecordedEvent, value: Decimal) -> Option<()> {
        self.events += 1;
        match aggregation {
            Aggregation::Count | Aggregation::UniqueCount => {}
            Aggregation::Sum | Aggregation::Average => self.sum = exact_sum(self.sum, value)?,
            Aggregation::Min => self.least = Some(self.least.map_or(value, |least| least.min(value))),
            Aggregation::Max => self.most = Some(self.most.map_or(value, |most| most.max(value))),
            Aggregation::Latest => {
                let position = i64::try_from(event.position).unwrap_or(i64::MAX);
                if (self.latest_at, self.latest_position) < (Some(event.occurred_at), Some(position)) {
                    self.latest = Some(value);
                    self.latest_at = Some(event.occurred_at);
                    self.latest_position = Some(position);
                }
            }
            Aggregation::TimeWeightedSum => {
                let level = self.level().with(event.occurred_at, value)?;
                (self.sum, self.weighted) = (level.changed, level.weighted);
            }
        }
        Some(())
    }
}
