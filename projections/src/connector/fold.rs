//! A connector's events, and those of its syncs, become its row.

use std::collections::BTreeMap;

use domain::connector::Event as Change;
use domain::connector_sync::Event as Sync;
use domain::{Event, RecordedEvent, TenantId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::engine::{Context, EntityKey, ReadModel, Rows, Unfoldable, count};

/// Which connectors there are, and how their last sync went.
#[derive(Debug)]
pub struct ConnectorList;

/// A connector as it is now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConnectorRow {
    /// The tenant that has it.
    pub tenant_id: TenantId,
    /// Its id inside the tenant.
    pub id: String,
    /// The name to show.
    pub name: String,
    /// What it connects to, for instance `csv_file`.
    pub kind: String,
    /// How it is set.
    pub settings: BTreeMap<String, String>,
    /// `active`, `paused` or `removed`.
    pub status: String,
    /// How many syncs completed.
    pub syncs: i64,
    /// Records that they recorded.
    pub recorded: i64,
    /// Records that were known before.
    pub known: i64,
    /// Records that could not be taken.
    pub rejected: i64,
    /// The last sync's id.
    pub last_sync: Option<String>,
    /// `running`, `completed` or `failed`.
    pub last_sync_status: Option<String>,
    /// When the last sync began or ended.
    pub last_sync_at: Option<Timestamp>,
    /// How far the source has been read.
    pub last_cursor: Option<String>,
    /// Why the last sync failed.
    pub last_error: Option<String>,
    /// When it was registered.
    pub created_at: Timestamp,
}

impl ReadModel for ConnectorList {
    const NAME: &'static str = "connector";
    const VERSION: i32 = 1;
    const KEY: &'static [&'static str] = &["tenant_id", "id"];
    const READS: &'static [&'static str] = &["connector", "connector_sync"];

    type Key = EntityKey;
    type Row = ConnectorRow;

    fn touches(event: &RecordedEvent, _context: &Context) -> Vec<EntityKey> {
        key(event).into_iter().collect()
    }

    fn fold(rows: &mut Rows<Self>, event: &RecordedEvent, _context: &Context) -> Result<(), Unfoldable> {
        let Some(key) = key(event) else { return Ok(()) };
        match &event.event {
            Event::Connector(Change::Registered { name, kind, settings }) => {
                let row = ConnectorRow {
                    tenant_id: event.tenant(),
                    id: event.stream.id.clone(),
                    name: name.clone(),
                    kind: kind.clone(),
                    settings: settings.clone(),
                    status: "active".to_owned(),
                    syncs: 0,
                    recorded: 0,
                    known: 0,
                    rejected: 0,
                    last_sync: None,
                    last_sync_status: None,
                    last_sync_at: None,
                    last_cursor: None,
                    last_error: None,
                    created_at: event.occurred_at,
                };
                rows.put(key, row);
            }
            Event::Connector(change) => rows.known(&key)?.change(change),
            // A sync may name a connector that nobody registered: there is no row to show it in.
            Event::ConnectorSync(sync) if rows.get(&key).is_some() => rows.known(&key)?.sync(sync, event),
            _ => {}
        }
        Ok(())
    }
}

/// The connector that an event is about.
fn key(event: &RecordedEvent) -> Option<EntityKey> {
    let connector = match &event.event {
        Event::Connector(_) => &event.stream.id,
        Event::ConnectorSync(
            Sync::Started { connector, .. }
            | Sync::Progressed { connector, .. }
            | Sync::RecordRejected { connector, .. }
            | Sync::Completed { connector, .. }
            | Sync::Failed { connector, .. },
        ) => connector,
        _ => return None,
    };
    Some(EntityKey {
        tenant_id: event.tenant(),
        id: connector.clone(),
    })
}

impl ConnectorRow {
    fn change(&mut self, change: &Change) {
        match change {
            Change::Registered { .. } | Change::CredentialsReplaced { .. } => {}
            Change::Reconfigured { settings, .. } => self.settings.clone_from(settings),
            Change::Paused { .. } => "paused".clone_into(&mut self.status),
            Change::Resumed {} => "active".clone_into(&mut self.status),
            Change::Removed { .. } => "removed".clone_into(&mut self.status),
        }
    }

    fn sync(&mut self, sync: &Sync, event: &RecordedEvent) {
        let mut state = |status: &str| {
            self.last_sync = Some(event.stream.id.clone());
            self.last_sync_status = Some(status.to_owned());
            self.last_sync_at = Some(event.occurred_at);
        };
        match sync {
            Sync::Started { .. } => {
                state("running");
                self.last_error = None;
            }
            Sync::Progressed { cursor, .. } => self.last_cursor = cursor.clone().or(self.last_cursor.take()),
            Sync::RecordRejected { .. } => {}
            Sync::Completed {
                recorded,
                known,
                rejected,
                cursor,
                ..
            } => {
                state("completed");
                self.syncs += 1;
                self.recorded = self.recorded.saturating_add(count(*recorded));
                self.known = self.known.saturating_add(count(*known));
                self.rejected = self.rejected.saturating_add(count(*rejected));
                self.last_cursor = cursor.clone().or(self.last_cursor.take());
            }
            Sync::Failed { reason, .. } => {
                state("failed");
                self.last_error = Some(reason.clone());
            }
        }
    }
}
