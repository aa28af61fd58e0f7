//! A plan's events become its row.

use domain::plan::Event as Change;
use domain::pricing::PlanVersion;
use domain::{Event, RecordedEvent, TenantId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::engine::{Context, EntityKey, ReadModel, Rows, Unfoldable};

/// Which plans there are.
#[derive(Debug)]
pub struct PlanList;

/// A plan as it is now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanRow {
    /// The tenant that has it.
    pub tenant_id: TenantId,
    /// Its code.
    pub id: String,
    /// Its name on an invoice.
    pub name: String,
    /// Its versions, the oldest first.
    pub versions: Vec<PlanVersion>,
    /// When it was defined.
    pub created_at: Timestamp,
    /// When it changed last.
    pub changed_at: Timestamp,
}

impl ReadModel for PlanList {
    const NAME: &'static str = "plan";
    const VERSION: i32 = 1;
    const KEY: &'static [&'static str] = &["tenant_id", "id"];
    const READS: &'static [&'static str] = &["plan"];

    type Key = EntityKey;
    type Row = PlanRow;

    fn touches(event: &RecordedEvent, _context: &Context) -> Vec<EntityKey> {
        vec![EntityKey::of(event)]
    }

    fn fold(rows: &mut Rows<Self>, event: &RecordedEvent, _context: &Context) -> Result<(), Unfoldable> {
        let Event::Plan(change) = &event.event else {
            return Ok(());
        };
        let key = EntityKey::of(event);
        match change {
            Change::Defined { name, version } => {
                let row = PlanRow {
                    tenant_id: event.tenant(),
                    id: event.stream.id.clone(),
                    name: name.clone(),
                    versions: vec![version.clone()],
                    created_at: event.occurred_at,
                    changed_at: event.occurred_at,
                };
                rows.put(key, row);
            }
            Change::VersionAdded { version } => {
                let row = rows.known(&key)?;
                row.versions.push(version.clone());
                row.changed_at = event.occurred_at;
            }
        }
        Ok(())
    }
}
