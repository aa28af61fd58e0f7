//! A saved filter's events become its row, until it is removed.

use domain::saved_filter::{EntryFilter, EntryOutcome, Event as Change, Sharing};
use domain::{Event, RecordedEvent, TenantId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::audit_feed::{Filter, Outcome};
use crate::engine::{Context, EntityKey, ReadModel, Rows, Unfoldable};

/// Which filters are saved.
#[derive(Debug)]
pub struct SavedFilterList;

/// A saved filter as it is now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SavedFilterRow {
    /// The tenant that has it.
    pub tenant_id: TenantId,
    /// Its id inside the tenant.
    pub id: String,
    /// By which it is asked for.
    pub name: String,
    /// Who saved it, as kind:id.
    pub owner: String,
    /// `own` or `tenant`.
    pub sharing: String,
    /// Which entries.
    pub filter: EntryFilter,
    /// When it was saved.
    pub created_at: Timestamp,
    /// When it changed last.
    pub changed_at: Timestamp,
}

impl ReadModel for SavedFilterList {
    const NAME: &'static str = "saved_filter";
    const VERSION: i32 = 1;
    const KEY: &'static [&'static str] = &["tenant_id", "id"];
    const READS: &'static [&'static str] = &["saved_filter"];

    type Key = EntityKey;
    type Row = SavedFilterRow;

    fn touches(event: &RecordedEvent, _context: &Context) -> Vec<EntityKey> {
        vec![EntityKey::of(event)]
    }

    fn fold(rows: &mut Rows<Self>, event: &RecordedEvent, _context: &Context) -> Result<(), Unfoldable> {
        let Event::SavedFilter(change) = &event.event else {
            return Ok(());
        };
        let key = EntityKey::of(event);
        match change {
            Change::Saved {
                name,
                sharing,
                filter,
            } => {
                let row = SavedFilterRow {
                    tenant_id: event.tenant(),
                    id: event.stream.id.clone(),
                    name: name.clone(),
                    owner: event.actor.to_string(),
                    sharing: word(*sharing).to_owned(),
                    filter: filter.clone(),
                    created_at: event.occurred_at,
                    changed_at: event.occurred_at,
                };
                rows.put(key, row);
            }
            Change::Changed {
                name,
                sharing,
                filter,
                ..
            } => {
                let row = rows.known(&key)?;
                row.name.clone_from(name);
                word(*sharing).clone_into(&mut row.sharing);
                row.filter.clone_from(filter);
                row.changed_at = event.occurred_at;
            }
            Change::Removed { .. } => rows.remove(&key),
        }
        Ok(())
    }
}

const fn word(sharing: Sharing) -> &'static str {
    match sharing {
        Sharing::Own => "own",
        Sharing::Tenant => "tenant",
    }
}

impl From<EntryFilter> for Filter {
    fn from(saved: EntryFilter) -> Self {
        Self {
            actor_kind: saved.actor_kind,
            actor_id: saved.actor_id,
            action: saved.action,
            entity_type: saved.entity_type,
            entity_id: saved.entity_id,
            workspace_id: saved.workspace_id,
            correlation_id: saved.correlation_id,
            causation_id: saved.causation_id,
            outcome: saved.outcome.map(|outcome| match outcome {
                EntryOutcome::Succeeded => Outcome::Succeeded,
                EntryOutcome::Denied => Outcome::Denied,
                EntryOutcome::Refused => Outcome::Refused,
            }),
            text: saved.text,
            from: saved.from,
            before: saved.before,
        }
    }
}

impl From<Filter> for EntryFilter {
    fn from(filter: Filter) -> Self {
        Self {
            actor_kind: filter.actor_kind,
            actor_id: filter.actor_id,
            action: filter.action,
            entity_type: filter.entity_type,
            entity_id: filter.entity_id,
            workspace_id: filter.workspace_id,
            correlation_id: filter.correlation_id,
            causation_id: filter.causation_id,
            outcome: filter.outcome.map(|outcome| match outcome {
                Outcome::Succeeded => EntryOutcome::Succeeded,
                Outcome::Denied => EntryOutcome::Denied,
                Outcome::Refused => EntryOutcome::Refused,
            }),
            text: filter.text,
            from: filter.from,
            before: filter.before,
        }
    }
}
