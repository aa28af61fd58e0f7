//! A part of the log folded again, in memory: what the rows were at a past position, and which events made them.
//!
//! Reading order: [`Walk`] (a part of the log, page by page, with its tenant's settings), [`Memory`] (the rows
//! that a fold makes of it), `row` (one row's own events), [`Refolding`] (a read model with its types hidden),
//! [`differing`] (two rows, column by column).

mod compare;
mod memory;
mod pace;
mod refolding;
mod row;
mod snapshot;
mod stored;
mod waiting;
mod walk;

pub use compare::ColumnDifference;
pub use row::Touch;

pub(crate) use compare::differing;
pub(crate) use memory::Memory;
pub(crate) use pace::Pace;
pub(crate) use refolding::{OneRow, Refolding, again};
pub(crate) use row::{RowPast, key_columns};
pub(crate) use snapshot::{Snapshot, tenants_of};
pub(crate) use stored::{is_number, stored_form};
pub(crate) use waiting::Waiting;
pub(crate) use walk::Walk;

/// A row, or its key, column by column.
pub(crate) type Fields = serde_json::Map<String, serde_json::Value>;

/// Where and why rows can't be folded again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{read_model} can't take the event {event_type} at position {position}: {reason}")]
pub struct Refused {
    /// The read model.
    pub read_model: &'static str,
    /// The event's stored name.
    pub event_type: String,
    /// Its position.
    pub position: u64,
    /// What does not fit.
    pub reason: String,
}
