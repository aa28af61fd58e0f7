//! An alert's events become its row.

use domain::alert::{Event as Change, Range, Sighting, Watch};
use domain::{Event, RecordedEvent, TenantId};
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::engine::{Context, EntityKey, ReadModel, Rows, Unfoldable};

/// How many of the last raises a row shows.
const LAST: usize = 20;

/// Which alerts there are.
#[derive(Debug)]
pub struct AlertList;

/// An alert as it is now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlertRow {
    /// The tenant that has it.
    pub tenant_id: TenantId,
    /// Its id inside the tenant.
    pub id: String,
    /// How a person calls it.
    pub name: String,
    /// `usage`, `spend`, `commitment`, `balance` or `anomaly`.
    pub kind: String,
    /// What is watched.
    pub watch: Watch,
    /// Which thresholds, the lowest first.
    pub thresholds: Vec<Decimal>,
    /// `watching` or `retired`.
    pub status: String,
    /// Why it was retired.
    pub reason: Option<String>,
    /// How often it was raised.
    pub raised: i64,
    /// What it said last, the newest first.
    pub last: Vec<Raised>,
    /// When it was raised last.
    pub raised_at: Option<Timestamp>,
    /// When it was defined.
    pub created_at: Timestamp,
    /// When it changed last.
    pub changed_at: Timestamp,
}

/// What an alert said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Raised {
    /// Which threshold was reached; none for an anomaly.
    pub threshold: Option<Decimal>,
    /// What was expected; none for a threshold.
    pub expected: Option<Range>,
    /// What was seen.
    pub seen: Sighting,
    /// When it was said.
    pub at: Timestamp,
}

/// A watch's name.
const fn kind(watch: &Watch) -> &'static str {
    match watch {
        Watch::Usage { .. } => "usage",
        Watch::Spend { .. } => "spend",
        Watch::Commitment { .. } => "commitment",
        Watch::Balance { .. } => "balance",
        Watch::Anomaly { .. } => "anomaly",
    }
}

impl ReadModel for AlertList {
    const NAME: &'static str = "alert";
    const VERSION: i32 = 1;
    const KEY: &'static [&'static str] = &["tenant_id", "id"];
    const READS: &'static [&'static str] = &["alert"];

    type Key = EntityKey;
    type Row = AlertRow;

    fn touches(event: &RecordedEvent, _context: &Context) -> Vec<EntityKey> {
        vec![EntityKey::of(event)]
    }

    fn fold(rows: &mut Rows<Self>, event: &RecordedEvent, _context: &Context) -> Result<(), Unfoldable> {
        let Event::Alert(change) = &event.event else {
            return Ok(());
        };
        let key = EntityKey::of(event);
        match change {
            Change::Defined {
                name,
                watch,
                thresholds,
            } => rows.put(
                key,
                AlertRow {
                    tenant_id: event.tenant(),
                    id: event.stream.id.clone(),
                    name: name.clone(),
                    kind: kind(watch).to_owned(),
                    watch: watch.clone(),
                    thresholds: thresholds.clone(),
                    status: "watching".to_owned(),
                    reason: None,
                    raised: 0,
                    last: Vec::new(),
                    raised_at: None,
                    created_at: event.occurred_at,
                    changed_at: event.occurred_at,
                },
            ),
            Change::Retired { reason } => {
                let row = rows.known(&key)?;
                "retired".clone_into(&mut row.status);
                row.reason = Some(reason.clone());
                row.changed_at = event.occurred_at;
            }
            Change::ThresholdReached { threshold, seen, .. } => {
                rows.known(&key)?.say(event, seen, (Some(*threshold), None));
            }
            Change::AnomalySeen { expected, seen, .. } => {
                rows.known(&key)?.say(event, seen, (None, Some(*expected)));
            }
        }
        Ok(())
    }
}

impl AlertRow {
    fn say(
        &mut self,
        event: &RecordedEvent,
        seen: &Sighting,
        (threshold, expected): (Option<Decimal>, Option<Range>),
    ) {
        let raised = Raised {
            threshold,
            expected,
            seen: seen.clone(),
            at: event.occurred_at,
        };
        self.last.insert(0, raised);
        self.last.truncate(LAST);
        self.raised += 1;
        self.raised_at = Some(event.occurred_at);
        self.changed_at = event.occurred_at;
    }
}
