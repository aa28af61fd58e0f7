//! What the platform's meters read of events becomes the sums of a month.

use domain::meter::Aggregation;
use domain::{Event, RecordedEvent, TenantId, agent_run};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::engine::{Context, ReadModel, RowKey, Rows, Unfoldable};

/// The name under which the cost of models' calls is summed up, by currency.
pub const AI_COST: &str = "ai_cost";

/// What tenants used of the platform.
#[derive(Debug)]
pub struct PlatformUsage;

/// What a tenant used in a month, by one meter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UsageMonth {
    /// The tenant.
    pub tenant_id: TenantId,
    /// The first day of the month, in UTC.
    pub month: Date,
    /// A bundled meter of the platform, or [`AI_COST`].
    pub meter: String,
    /// The value that this row stands for, when different values are counted; the currency of a cost; else empty.
    pub member: String,
    /// The sum: of the values, or of the events that were counted.
    pub quantity: Decimal,
    /// How many events.
    pub events: i64,
}

/// The key of a meter's month.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MonthKey {
    /// The tenant.
    pub tenant_id: TenantId,
    /// The first day of the month, in UTC.
    pub month: Date,
    /// The meter.
    pub meter: String,
    /// The value, when different values are counted.
    pub member: String,
}

impl RowKey for MonthKey {
    fn tenant(&self) -> TenantId {
        self.tenant_id
    }
}

/// The first day of the month of a moment, in UTC.
#[must_use]
pub fn month_of(at: Timestamp) -> Date {
    // PostgreSQL's text form has no year 0 or before.
    let day = TimeZone::UTC.to_datetime(at).date();
    day.max(Date::constant(1, 1, 1)).first_of_month()
}

/// What an event adds to which meter, with the value that is told apart.
fn quantities(event: &RecordedEvent, context: &Context) -> Vec<(MonthKey, Decimal)> {
    let key = |meter: &str, member: &str| MonthKey {
        tenant_id: event.tenant(),
        month: month_of(event.occurred_at),
        meter: meter.to_owned(),
        member: member.to_owned(),
    };
    let mut quantities = Vec::new();
    for reading in context.readings(event) {
        let code = reading.gauge.code().as_str();
        let Some(counted) = reading
            .outcome
            .as_ref()
            .ok()
            .filter(|_| code.starts_with("platform."))
        else {
            continue;
        };
        let quantity = match reading.gauge.definition().aggregation {
            Aggregation::Count | Aggregation::UniqueCount => Decimal::ONE,
            Aggregation::Sum => counted.value,
            // A mean or a level of a month is no sum of its hours: it is asked for by `meterUsage`.
            _ => continue,
        };
        quantities.push((key(code, &counted.member), quantity));
    }
    if let Event::AgentRun(agent_run::Event::ModelCallRecorded { cost: Some(cost), .. }) = &event.event {
        quantities.push((key(AI_COST, cost.currency.code()), cost.amount));
    }
    quantities
}

impl ReadModel for PlatformUsage {
    const NAME: &'static str = "platform_usage";
    /// Grows with any change of the bundled meters, too; a test of [`crate::metered_usage`] holds it to that.
    const VERSION: i32 = 4;
    const KEY: &'static [&'static str] = &["tenant_id", "month", "meter", "member"];
    const READS: &'static [&'static str] = &[];

    type Key = MonthKey;
    type Row = UsageMonth;

    fn touches(event: &RecordedEvent, context: &Context) -> Vec<MonthKey> {
        let mut keys: Vec<MonthKey> = quantities(event, context)
            .into_iter()
            .map(|(key, _)| key)
            .collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    fn fold(rows: &mut Rows<Self>, event: &RecordedEvent, context: &Context) -> Result<(), Unfoldable> {
        for (key, quantity) in quantities(event, context) {
            let row = rows.row(key.clone(), || UsageMonth {
                tenant_id: key.tenant_id,
                month: key.month,
                meter: key.meter,
                member: key.member,
                quantity: Decimal::ZERO,
                events: 0,
            });
            // One tenant's absurd figures must not stop the others' rows: a sum stops at the largest decimal.
            row.quantity = row.quantity.saturating_add(quantity);
            row.events += 1;
        }
        Ok(())
    }
}
