//! An event becomes an entry.

use domain::{ActorKind, RecordedEvent, TenantId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::Part;

use crate::engine::{Context, ReadModel, RowKey, Rows, Unfoldable};

/// Who did what.
#[derive(Debug)]
pub struct AuditFeed;

/// An entry of the audit feed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The tenant in which it happened.
    pub tenant_id: TenantId,
    /// The event's position.
    pub position: u64,
    /// The event's ULID.
    pub event_id: String,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// When it was written down.
    pub recorded_at: Timestamp,
    /// What kind of actor did it.
    pub actor_kind: ActorKind,
    /// Which one.
    pub actor_id: String,
    /// What was done: the event's stored name.
    pub action: String,
    /// What it was done to: the aggregate's stored name.
    pub entity_type: String,
    /// Which one.
    pub entity_id: String,
    /// The request, import or run that it belongs to.
    pub correlation_id: Option<String>,
    /// The event that caused it.
    pub causation_id: Option<String>,
    /// The workspace in which its actor acted, where it said so; of a workspace's own events, itself.
    pub workspace_id: Option<String>,
    /// The entry that tells by what means its actor came.
    pub context_id: Option<String>,
    /// What happened, as stored.
    pub payload: String,
}

/// An entry's key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EntryKey {
    /// The tenant in which it happened.
    pub tenant_id: TenantId,
    /// The event's position.
    pub position: u64,
}

impl RowKey for EntryKey {
    fn tenant(&self) -> TenantId {
        self.tenant_id
    }

    /// An entry is one event.
    fn part(&self, _reads: &'static [&'static str]) -> Part {
        Part::Event {
            tenant: self.tenant_id,
            position: self.position,
        }
    }
}

impl ReadModel for AuditFeed {
    const NAME: &'static str = "audit_feed";
    const VERSION: i32 = 1;
    const KEY: &'static [&'static str] = &["tenant_id", "position"];
    const READS: &'static [&'static str] = &[];
    const KEEPS_PERSONAL_DATA: bool = true;
    const APPENDS_ONLY: bool = true;

    type Key = EntryKey;
    type Row = Entry;

    fn touches(_event: &RecordedEvent, _context: &Context) -> Vec<EntryKey> {
        Vec::new()
    }

    fn fold(rows: &mut Rows<Self>, event: &RecordedEvent, _context: &Context) -> Result<(), Unfoldable> {
        rows.append(Entry::of(event));
        Ok(())
    }
}

impl Entry {
    /// The entry of an event.
    #[must_use]
    pub fn of(event: &RecordedEvent) -> Self {
        Self {
            tenant_id: event.tenant(),
            position: event.position,
            event_id: event.event_id.to_string(),
            occurred_at: event.occurred_at,
            recorded_at: event.recorded_at,
            actor_kind: event.actor.kind,
            actor_id: event.actor.id.clone(),
            action: event.event_type.clone(),
            entity_type: event.stream.aggregate_type.to_owned(),
            entity_id: event.stream.id.clone(),
            correlation_id: event.correlation_id.clone(),
            causation_id: event.causation_id.map(|id| id.to_string()),
            workspace_id: match event.stream.aggregate_type {
                "workspace" => Some(event.stream.id.clone()),
                _ => event.workspace.clone(),
            },
            context_id: event.context.map(|id| id.to_string()),
            payload: event.payload.clone().into(),
        }
    }
}
