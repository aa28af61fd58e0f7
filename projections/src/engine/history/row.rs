//! One row's past: the events that reached for it, and what it was after each.

use std::sync::Arc;

use domain::RecordedEvent;
use serde_json::Value;

use super::{Fields, Memory, OneRow, Refused, differing, stored_form};
use crate::engine::context::Noted;
use crate::engine::folding::{Folder, Folding, wanted};
use crate::engine::table::Table;
use crate::engine::{ReadModel, Rows};

/// An event that a fold wrote the row at.
#[derive(Clone, Debug)]
pub struct Touch {
    /// The event.
    pub event: Arc<RecordedEvent>,
    /// The row after it, column by column; `None`: it is gone.
    pub row: Option<Fields>,
    /// The columns that it changed; none when it left the row as it was.
    pub changed: Vec<String>,
}

/// A row on its way through a part of the log. Only the rows that the part makes are in memory, and the
/// touches of one page.
pub(crate) struct RowPast<M: ReadModel> {
    key: M::Key,
    table: Arc<Table>,
    memory: Memory<M>,
    before: Option<Fields>,
}

impl<M: ReadModel> RowPast<M> {
    /// Before the first event.
    pub(crate) fn new(key: M::Key, table: Arc<Table>) -> Self {
        Self {
            key,
            table,
            memory: Memory::default(),
            before: None,
        }
    }

    fn seen(&mut self, noted: &Noted, row: Option<&M::Row>) -> Result<Touch, Refused> {
        let row = row
            .map(|row| stored_form::<M>(&self.table, row))
            .transpose()
            .map_err(|reason| Refused {
                read_model: M::NAME,
                event_type: noted.event.event_type.clone(),
                position: noted.event.position,
                reason: reason.to_string(),
            })?
            .map(|(_, columns)| columns);
        let changed = differing(self.before.as_ref(), row.as_ref());
        self.before.clone_from(&row);
        Ok(Touch {
            event: Arc::clone(&noted.event),
            row,
            changed: changed.into_iter().map(|difference| difference.column).collect(),
        })
    }
}

impl<M: ReadModel> OneRow for RowPast<M> {
    fn take(&mut self, page: &[Noted]) -> Result<Vec<Touch>, Refused> {
        let mut touches = Vec::new();
        let mut memory = std::mem::take(&mut self.memory);
        if M::APPENDS_ONLY {
            memory.take(page)?;
            // The part of such a row is the one event that adds it.
            for (row, position) in memory.take_added() {
                let noted = page.iter().find(|noted| noted.event.position == position);
                touches.extend(noted.map(|noted| self.seen(noted, Some(&row))).transpose()?);
            }
        } else {
            let key = self.key.clone();
            memory.take_watched(page, |noted, rows: &Rows<M>| {
                match rows.kept(&key) {
                    Some((row, changed_at)) if changed_at == noted.event.position => {
                        touches.push(self.seen(noted, row)?);
                    }
                    _ => {}
                }
                Ok(())
            })?;
        }
        self.memory = memory;
        Ok(touches)
    }
}

/// The keys of the rows that an event touches; for a read model that only adds rows, of the row it adds.
pub(super) fn touched<M: ReadModel>(noted: &Noted) -> Vec<Fields> {
    let page = std::slice::from_ref(noted);
    if M::APPENDS_ONLY {
        let mut memory = Memory::<M>::default();
        let added = memory.take(page).is_ok().then(|| memory.take_added());
        let key = |(row, position): (M::Row, u64)| key_columns(M::KEY, &with_position(&row, position)?);
        return added.into_iter().flatten().filter_map(key).collect();
    }
    let mut folding = Folder::<M>::default();
    folding.declare(&wanted::<M>(page));
    let declared = folding.rows.declared().iter();
    declared
        .filter_map(|key| crate::engine::encode::fields(key).ok())
        .collect()
}

/// A row's columns with the last event that changed it.
pub(super) fn with_position(row: &impl serde::Serialize, position: u64) -> Option<Fields> {
    let mut columns = crate::engine::encode::fields(row).ok()?;
    columns.insert("position".to_owned(), Value::from(position));
    Some(columns)
}

/// The columns of a row that name it.
pub(crate) fn key_columns(key: &[&str], row: &Fields) -> Option<Fields> {
    let column = |name: &&str| Some(((*name).to_owned(), row.get(*name)?.clone()));
    key.iter().map(column).collect()
}
