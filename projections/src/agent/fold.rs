//! An agent's events become its row.

use std::collections::BTreeSet;

use domain::agent::Event as Change;
use domain::{Event, RecordedEvent, TenantId, Vertical};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::engine::{Context, EntityKey, ReadModel, Rows, Unfoldable};

/// Which agents there are.
#[derive(Debug)]
pub struct AgentList;

/// An agent as it is now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgentRow {
    /// The tenant that has it.
    pub tenant_id: TenantId,
    /// Its id inside the tenant.
    pub id: String,
    /// The name to show.
    pub name: String,
    /// The line of business it works in.
    pub vertical: Vertical,
    /// What it is told before anything else.
    pub prompt: String,
    /// The model that it runs on.
    pub model: String,
    /// The tools that it may call.
    pub tools: BTreeSet<String>,
    /// Which state of it this is; 1 is the first.
    pub revision: u32,
    /// `active` or `retired`.
    pub status: String,
    /// Why it was retired.
    pub reason: Option<String>,
    /// When it was configured.
    pub created_at: Timestamp,
    /// When it changed last.
    pub changed_at: Timestamp,
}

impl ReadModel for AgentList {
    const NAME: &'static str = "agent";
    const VERSION: i32 = 1;
    const KEY: &'static [&'static str] = &["tenant_id", "id"];
    const READS: &'static [&'static str] = &["agent"];

    type Key = EntityKey;
    type Row = AgentRow;

    fn touches(event: &RecordedEvent, _context: &Context) -> Vec<EntityKey> {
        vec![EntityKey::of(event)]
    }

    fn fold(rows: &mut Rows<Self>, event: &RecordedEvent, _context: &Context) -> Result<(), Unfoldable> {
        let Event::Agent(change) = &event.event else {
            return Ok(());
        };
        let key = EntityKey::of(event);
        if let Some(row) = AgentRow::begin(event, change) {
            rows.put(key, row);
        } else {
            rows.known(&key)?.change(event, change);
        }
        Ok(())
    }
}

impl AgentRow {
    fn begin(event: &RecordedEvent, change: &Change) -> Option<Self> {
        let Change::Configured {
            name,
            vertical,
            prompt,
            model,
            tools,
            revision,
        } = change
        else {
            return None;
        };
        Some(Self {
            tenant_id: event.tenant(),
            id: event.stream.id.clone(),
            name: name.clone(),
            vertical: vertical.clone(),
            prompt: prompt.clone(),
            model: model.clone(),
            tools: tools.clone(),
            revision: *revision,
            status: "active".to_owned(),
            reason: None,
            created_at: event.occurred_at,
            changed_at: event.occurred_at,
        })
    }

    fn change(&mut self, event: &RecordedEvent, change: &Change) {
        self.changed_at = event.occurred_at;
        match change {
            Change::Configured { .. } => {}
            Change::Revised {
                vertical,
                prompt,
                model,
                tools,
                revision,
            } => {
                self.vertical = vertical.clone();
                self.prompt.clone_from(prompt);
                self.model.clone_from(model);
                self.tools.clone_from(tools);
                self.revision = *revision;
            }
            Change::Retired { reason, .. } => {
                "retired".clone_into(&mut self.status);
                self.reason = Some(reason.clone());
            }
        }
    }
}
