//! A baseline's events become its row.

use domain::roi::Basis;
use domain::roi_baseline::Event as Change;
use domain::{Event, RecordedEvent, TenantId, Vertical};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::engine::{Context, EntityKey, ReadModel, Rows, Unfoldable};

/// Which baselines there are.
#[derive(Debug)]
pub struct RoiBaselineList;

/// A baseline as it is now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoiBaselineRow {
    /// The tenant that has it.
    pub tenant_id: TenantId,
    /// Its id.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// The line of business; none: all together.
    pub vertical: Option<Vertical>,
    /// By what periods are measured.
    pub basis: Basis,
    /// `registered` or `withdrawn`.
    pub status: String,
    /// Why it was withdrawn.
    pub reason: Option<String>,
    /// When it was recorded: it holds for periods that begin later.
    pub registered_at: Timestamp,
    /// When its end was recorded.
    pub withdrawn_at: Option<Timestamp>,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When it changed last.
    pub changed_at: Timestamp,
}

impl ReadModel for RoiBaselineList {
    const NAME: &'static str = "roi_baseline";
    const VERSION: i32 = 1;
    const KEY: &'static [&'static str] = &["tenant_id", "id"];
    const READS: &'static [&'static str] = &["roi_baseline"];

    type Key = EntityKey;
    type Row = RoiBaselineRow;

    fn touches(event: &RecordedEvent, _context: &Context) -> Vec<EntityKey> {
        vec![EntityKey::of(event)]
    }

    fn fold(rows: &mut Rows<Self>, event: &RecordedEvent, _context: &Context) -> Result<(), Unfoldable> {
        let Event::RoiBaseline(change) = &event.event else {
            return Ok(());
        };
        let key = EntityKey::of(event);
        match change {
            Change::Registered {
                name,
                vertical,
                basis,
            } => {
                let row = RoiBaselineRow {
                    tenant_id: event.tenant(),
                    id: event.stream.id.clone(),
                    name: name.clone(),
                    vertical: vertical.clone(),
                    basis: basis.clone(),
                    status: "registered".to_owned(),
                    reason: None,
                    registered_at: event.recorded_at,
                    withdrawn_at: None,
                    created_at: event.occurred_at,
                    changed_at: event.occurred_at,
                };
                rows.put(key, row);
            }
            Change::Withdrawn { reason } => {
                let row = rows.known(&key)?;
                "withdrawn".clone_into(&mut row.status);
                row.reason = Some(reason.clone());
                row.withdrawn_at = Some(event.recorded_at);
                row.changed_at = event.occurred_at;
            }
        }
        Ok(())
    }
}
