//! Facts, runs and syncs become quantities.

use domain::{Event, RecordedEvent, TenantId, agent_run, connector_sync, usage};
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::engine::{Context, ReadModel, RowKey, Rows, Unfoldable};

/// What was used.
#[derive(Debug)]
pub struct DailyUsage;

/// A meter's day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Day {
    /// The tenant that used it.
    pub tenant_id: TenantId,
    /// The meter: a fact's type without `usage.`, or one of the platform's own (`tokens.input`, `agent_runs`).
    pub meter: String,
    /// The quantity's unit; empty when the facts name none.
    pub unit: String,
    /// The day, in the tenant's zone.
    pub day: Date,
    /// The sum, exactly.
    pub quantity: Decimal,
    /// How many records made it.
    pub records: i64,
}

/// The key of a meter's day.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DayKey {
    /// The tenant that used it.
    pub tenant_id: TenantId,
    /// The meter.
    pub meter: String,
    /// The unit.
    pub unit: String,
    /// The day, in the tenant's zone.
    pub day: Date,
}

/// What one event adds: meter, unit, quantity.
fn quantities(event: &RecordedEvent) -> Vec<(&str, &str, Decimal)> {
    match &event.event {
        Event::Usage(usage::Event::Recorded(fact)) => {
            let meter = event
                .event_type
                .strip_prefix("usage.")
                .unwrap_or(&event.event_type);
            vec![(meter, fact.unit().unwrap_or_default(), fact.quantity())]
        }
        Event::AgentRun(run) => match run {
            agent_run::Event::Started { .. } => vec![("agent_runs", "run", Decimal::ONE)],
            agent_run::Event::ModelCallRecorded {
                input_tokens,
                cached_tokens,
                output_tokens,
                ..
            } => vec![
                ("model_calls", "call", Decimal::ONE),
                ("tokens.input", "token", Decimal::from(*input_tokens)),
                ("tokens.cached", "token", Decimal::from(*cached_tokens)),
                ("tokens.output", "token", Decimal::from(*output_tokens)),
            ],
            agent_run::Event::ToolCallRecorded { .. } => vec![("tool_calls", "call", Decimal::ONE)],
            _ => Vec::new(),
        },
        Event::ConnectorSync(connector_sync::Event::Completed { recorded, .. }) => vec![
            ("connector_syncs", "sync", Decimal::ONE),
            ("connector_records", "record", Decimal::from(*recorded)),
        ],
        Event::ConnectorSync(connector_sync::Event::RecordRejected { .. }) => {
            vec![("connector_rejects", "record", Decimal::ONE)]
        }
        _ => Vec::new(),
    }
}

fn key(event: &RecordedEvent, context: &Context, meter: &str, unit: &str) -> DayKey {
    DayKey {
        tenant_id: event.tenant(),
        meter: meter.to_owned(),
        unit: unit.to_owned(),
        day: context.day(event.occurred_at),
    }
}

impl RowKey for DayKey {
    fn tenant(&self) -> TenantId {
        self.tenant_id
    }
}

impl ReadModel for DailyUsage {
    const NAME: &'static str = "daily_usage";
    const VERSION: i32 = 1;
    const KEY: &'static [&'static str] = &["tenant_id", "meter", "unit", "day"];
    const READS: &'static [&'static str] = &["agent_run", "connector_sync", "usage"];

    type Key = DayKey;
    type Row = Day;

    fn touches(event: &RecordedEvent, context: &Context) -> Vec<DayKey> {
        quantities(event)
            .into_iter()
            .map(|(meter, unit, _)| key(event, context, meter, unit))
            .collect()
    }

    fn fold(rows: &mut Rows<Self>, event: &RecordedEvent, context: &Context) -> Result<(), Unfoldable> {
        for (meter, unit, quantity) in quantities(event) {
            let key = key(event, context, meter, unit);
            let DayKey {
                tenant_id,
                meter,
                unit,
                day,
            } = key.clone();
            let row = rows.row(key, || Day {
                tenant_id,
                meter,
                unit,
                day,
                quantity: Decimal::ZERO,
                records: 0,
            });
            // One tenant's absurd figures must not stop the others' rows: a sum stops at the largest decimal.
            row.quantity = row.quantity.saturating_add(quantity);
            row.records += 1;
        }
        Ok(())
    }
}
