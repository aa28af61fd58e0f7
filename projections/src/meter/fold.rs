//! A meter's events become its row.

use domain::meter::{Definition, Event as Change};
use domain::{Event, RecordedEvent, TenantId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::engine::{Context, EntityKey, ReadModel, Rows, Unfoldable};

/// Which meters there are.
#[derive(Debug)]
pub struct MeterList;

/// A meter as it is now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MeterRow {
    /// The tenant that has it.
    pub tenant_id: TenantId,
    /// Its code.
    pub id: String,
    /// What a person reads beside the figure.
    pub label: String,
    /// The type of the events that it reads.
    pub event_type: String,
    /// What it counts in.
    pub unit: String,
    /// The newest version.
    pub version: i32,
    /// What each version counts, the first one first.
    pub versions: Vec<Definition>,
    /// `counting` or `retired`.
    pub status: String,
    /// Why it was retired.
    pub reason: Option<String>,
    /// When it was defined.
    pub created_at: Timestamp,
    /// When it changed last.
    pub changed_at: Timestamp,
}

impl ReadModel for MeterList {
    const NAME: &'static str = "meter";
    const VERSION: i32 = 1;
    const KEY: &'static [&'static str] = &["tenant_id", "id"];
    const READS: &'static [&'static str] = &["meter"];

    type Key = EntityKey;
    type Row = MeterRow;

    fn touches(event: &RecordedEvent, _context: &Context) -> Vec<EntityKey> {
        vec![EntityKey::of(event)]
    }

    fn fold(rows: &mut Rows<Self>, event: &RecordedEvent, _context: &Context) -> Result<(), Unfoldable> {
        let Event::Meter(change) = &event.event else {
            return Ok(());
        };
        let key = EntityKey::of(event);
        match change {
            Change::Defined { definition, .. } => rows.put(key, MeterRow::begin(event, definition)),
            Change::Changed { definition, .. } => {
                let row = rows.known(&key)?;
                row.show(definition);
                row.changed_at = event.occurred_at;
            }
            Change::Retired { reason, .. } => {
                let row = rows.known(&key)?;
                "retired".clone_into(&mut row.status);
                row.reason = Some(reason.clone());
                row.changed_at = event.occurred_at;
            }
        }
        Ok(())
    }
}

impl MeterRow {
    fn begin(event: &RecordedEvent, definition: &Definition) -> Self {
        let mut row = Self {
            tenant_id: event.tenant(),
            id: event.stream.id.clone(),
            label: String::new(),
            event_type: String::new(),
            unit: String::new(),
            version: 0,
            versions: Vec::new(),
            status: "counting".to_owned(),
            reason: None,
            created_at: event.occurred_at,
            changed_at: event.occurred_at,
        };
        row.show(definition);
        row
    }

    fn show(&mut self, definition: &Definition) {
        self.label.clone_from(&definition.label);
        self.event_type.clone_from(&definition.event_type);
        self.unit.clone_from(&definition.unit);
        self.versions.push(definition.clone());
        self.version = i32::try_from(self.versions.len()).unwrap_or(i32::MAX);
    }
}
