//! A row that is not what the log says, and the event at which it parted from it.

use std::sync::Arc;

use domain::{RecordedEvent, TenantId};
use serde_json::Value;

use crate::engine::history::{ColumnDifference, Fields, Touch};

/// How a stored row differs from the folded one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DifferenceKind {
    /// It holds something else.
    Changed,
    /// It is not stored.
    Missing,
    /// It is stored, and no event made it.
    Superfluous,
    /// The fold refuses an event of the tenant, so that none of its rows can be compared.
    Refused(String),
}

/// A row that is not what the log says.
#[derive(Clone, Debug)]
pub struct Difference {
    /// The tenant.
    pub tenant: TenantId,
    /// The row's key, the tenant's column included; nothing when no row is meant.
    pub key: serde_json::Map<String, Value>,
    /// How it differs.
    pub kind: DifferenceKind,
    /// The columns: what is stored (left), and what the log says (right).
    pub columns: Vec<ColumnDifference>,
    /// Up to this position the log was folded: the read model's checkpoint when the row was read.
    pub position: u64,
    /// The first event at which they differ: the one after the longest part of the row's story that still
    /// agrees with what is stored; when none does, the last that changed these columns.
    pub event: Option<Arc<RecordedEvent>>,
}

/// Follows a row's story, and remembers where it parted from the stored row.
pub(super) struct Parting<'a> {
    stored: Option<&'a Fields>,
    columns: Vec<&'a str>,
    has_agreed: bool,
    agrees: bool,
    parted: Option<Arc<RecordedEvent>>,
    changed: Option<Arc<RecordedEvent>>,
}

impl<'a> Parting<'a> {
    /// Before the first event, when there is no row.
    pub(super) fn new(stored: Option<&'a Fields>, columns: &'a [ColumnDifference]) -> Self {
        Self {
            stored,
            columns: columns.iter().map(|column| column.column.as_str()).collect(),
            has_agreed: stored.is_none(),
            agrees: stored.is_none(),
            parted: None,
            changed: None,
        }
    }

    /// The next event that wrote the row.
    pub(super) fn take(&mut self, touch: &Touch) {
        let position = Value::from(touch.event.position);
        let agrees = match (self.stored, &touch.row) {
            (None, None) => true,
            (Some(stored), Some(row)) => self.columns.iter().all(|column| match *column {
                "position" => stored.get("position") == Some(&position),
                column => stored.get(column) == row.get(column),
            }),
            _ => false,
        };
        if agrees {
            self.has_agreed = true;
            self.parted = None;
        } else if self.agrees {
            self.parted = Some(Arc::clone(&touch.event));
        }
        self.agrees = agrees;
        let changes = |column: &&str| *column == "position" || touch.changed.iter().any(|one| one == column);
        if self.columns.iter().any(changes) {
            self.changed = Some(Arc::clone(&touch.event));
        }
    }

    /// The event at which they parted.
    pub(super) fn event(self) -> Option<Arc<RecordedEvent>> {
        if self.has_agreed {
            self.parted
        } else {
            self.changed
        }
    }
}
