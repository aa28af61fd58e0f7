//! A workspace's events become its row.

use domain::workspace::Event as Change;
use domain::{Event, RecordedEvent, TenantId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::engine::{Context, EntityKey, ReadModel, Rows, Unfoldable};

/// Which workspaces there are.
#[derive(Debug)]
pub struct WorkspaceList;

/// A workspace as it is now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkspaceRow {
    /// The tenant that has it.
    pub tenant_id: TenantId,
    /// Its id inside the tenant.
    pub id: String,
    /// The name to show.
    pub name: String,
    /// `active` or `archived`.
    pub status: String,
    /// When it was set up.
    pub created_at: Timestamp,
    /// When it changed last.
    pub changed_at: Timestamp,
}

impl ReadModel for WorkspaceList {
    const NAME: &'static str = "workspace";
    const VERSION: i32 = 1;
    const KEY: &'static [&'static str] = &["tenant_id", "id"];
    const READS: &'static [&'static str] = &["workspace"];

    type Key = EntityKey;
    type Row = WorkspaceRow;

    fn touches(event: &RecordedEvent, _context: &Context) -> Vec<EntityKey> {
        vec![EntityKey::of(event)]
    }

    fn fold(rows: &mut Rows<Self>, event: &RecordedEvent, _context: &Context) -> Result<(), Unfoldable> {
        let Event::Workspace(change) = &event.event else {
            return Ok(());
        };
        let key = EntityKey::of(event);
        if let Some(row) = WorkspaceRow::begin(event, change) {
            rows.put(key, row);
        } else {
            rows.known(&key)?.change(event, change);
        }
        Ok(())
    }
}

impl WorkspaceRow {
    fn begin(event: &RecordedEvent, change: &Change) -> Option<Self> {
        let Change::Created { name } = change else {
            return None;
        };
        Some(Self {
            tenant_id: event.tenant(),
            id: event.stream.id.clone(),
            name: name.clone(),
            status: "active".to_owned(),
            created_at: event.occurred_at,
            changed_at: event.occurred_at,
        })
    }

    fn change(&mut self, event: &RecordedEvent, change: &Change) {
        self.changed_at = event.occurred_at;
        match change {
            Change::Created { .. } => {}
            Change::Renamed { name, .. } => self.name.clone_from(name),
            Change::Archived { name } => {
                self.name.clone_from(name);
                "archived".clone_into(&mut self.status);
            }
        }
    }
}
