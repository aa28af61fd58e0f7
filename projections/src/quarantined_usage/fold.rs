//! What meters could not read becomes rows.

use domain::{RecordedEvent, TenantId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::engine::{Context, ReadModel, RowKey, Rows, Unfoldable};

/// Which events could not be counted.
#[derive(Debug)]
pub struct QuarantinedUsage;

/// An event that a meter could not count.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QuarantinedEvent {
    /// The tenant of both.
    pub tenant_id: TenantId,
    /// The meter's code.
    pub meter: String,
    /// The meter's version.
    pub version: i32,
    /// The event's id.
    pub event_id: String,
    /// The event's type.
    pub event_type: String,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// Which part of the meter has no value for it, and why.
    pub reason: String,
}

/// The key of a meter and an event.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct QuarantineKey {
    /// The tenant of both.
    pub tenant_id: TenantId,
    /// The meter's code.
    pub meter: String,
    /// The meter's version.
    pub version: i32,
    /// The event's id.
    pub event_id: String,
}

impl RowKey for QuarantineKey {
    fn tenant(&self) -> TenantId {
        self.tenant_id
    }
}

fn refused(event: &RecordedEvent, context: &Context) -> Vec<(QuarantineKey, String)> {
    let readings = context.readings(event).iter();
    let refused = readings.filter_map(|reading| {
        let reason = reading.outcome.as_ref().err()?;
        let key = QuarantineKey {
            tenant_id: event.tenant(),
            meter: reading.gauge.code().as_str().to_owned(),
            version: i32::try_from(reading.gauge.version()).unwrap_or(i32::MAX),
            event_id: event.event_id.to_string(),
        };
        Some((key, reason.clone()))
    });
    refused.collect()
}

impl ReadModel for QuarantinedUsage {
    const NAME: &'static str = "quarantined_usage";
    /// Grows with any change of the bundled meters, too; a test of [`crate::metered_usage`] holds it to that.
    const VERSION: i32 = 4;
    const KEY: &'static [&'static str] = &["tenant_id", "meter", "version", "event_id"];
    const READS: &'static [&'static str] = &[];
    const LOOKS_BACK: bool = true;

    type Key = QuarantineKey;
    type Row = QuarantinedEvent;

    fn touches(event: &RecordedEvent, context: &Context) -> Vec<QuarantineKey> {
        refused(event, context).into_iter().map(|(key, _)| key).collect()
    }

    fn fold(rows: &mut Rows<Self>, event: &RecordedEvent, context: &Context) -> Result<(), Unfoldable> {
        for (key, reason) in refused(event, context) {
            let row = QuarantinedEvent {
                tenant_id: key.tenant_id,
                meter: key.meter.clone(),
                version: key.version,
                event_id: key.event_id.clone(),
                event_type: event.event_type.clone(),
                occurred_at: event.occurred_at,
                reason,
            };
            rows.put(key, row);
        }
        Ok(())
    }
}
