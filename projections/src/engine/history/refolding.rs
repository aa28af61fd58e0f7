//! A read model whose rows are folded again, with its types hidden.

use std::sync::Arc;

use serde_json::Value;
use store::Part;

use super::row::{touched, with_position};
use super::stored::read;
use super::{Fields, Memory, Refused, RowPast, Touch, stored_form};
use crate::engine::context::Noted;
use crate::engine::folding::{AnyReadModel, Folded};
use crate::engine::model::RowKey;
use crate::engine::table::Table;
use crate::engine::{ReadModel, Unfoldable};

/// What the past asks of a read model.
pub(crate) trait Refolding: Send + Sync {
    /// The aggregates whose events it reads; empty: all.
    fn reads(&self) -> &'static [&'static str];
    /// Where in the log the events lie that may touch the row of a key.
    fn part(&self, key: &Fields) -> Result<Part, Unfoldable>;
    /// Begins the past of one row.
    fn one_row(&self, key: &Fields, table: Arc<Table>) -> Result<Box<dyn OneRow>, Unfoldable>;
    /// Begins the rows of a tenant.
    fn all_rows(&self, table: Arc<Table>) -> Box<dyn AllRows>;
    /// The keys of the rows that an event touches.
    fn touched(&self, noted: &Noted) -> Vec<Fields>;
    /// A stored row, its columns in the one form that they have when they are compared.
    fn stored(&self, row: &str) -> Result<Fields, Unfoldable>;
}

/// One row on its way through a part of the log.
pub(crate) trait OneRow: Send {
    /// Folds the next page, and tells which of its events wrote the row.
    fn take(&mut self, page: &[Noted]) -> Result<Vec<Touch>, Refused>;
}

/// A tenant's rows on their way through its log.
pub(crate) trait AllRows: Send {
    /// Folds the next page.
    fn take(&mut self, page: &[Noted]) -> Result<(), Refused>;
    /// How many rows there are.
    fn len(&self) -> usize;
    /// The rows that were only added, since they were asked for last, with `position` among their columns.
    fn added(&mut self) -> Result<Vec<Fields>, Unfoldable>;
    /// All rows that are kept, with `position` among their columns.
    fn rows(self: Box<Self>) -> Result<Vec<Fields>, Unfoldable>;
}

/// How a read model's rows are folded again.
pub(crate) fn again(model: &dyn AnyReadModel) -> &dyn Refolding {
    model.again()
}

impl<M: ReadModel> Refolding for Folded<M> {
    fn reads(&self) -> &'static [&'static str] {
        M::READS
    }

    fn part(&self, key: &Fields) -> Result<Part, Unfoldable> {
        Ok(key_of::<M>(key)?.part(M::READS))
    }

    fn one_row(&self, key: &Fields, table: Arc<Table>) -> Result<Box<dyn OneRow>, Unfoldable> {
        Ok(Box::new(RowPast::<M>::new(key_of::<M>(key)?, table)))
    }

    fn all_rows(&self, table: Arc<Table>) -> Box<dyn AllRows> {
        Box::new(TenantRows::<M> {
            memory: Memory::default(),
            table,
        })
    }

    fn touched(&self, noted: &Noted) -> Vec<Fields> {
        touched::<M>(noted)
    }

    fn stored(&self, row: &str) -> Result<Fields, Unfoldable> {
        let unreadable = |reason| Unfoldable::new(format!("a stored row can't be read: {reason}"));
        let columns: Fields = serde_json::from_str(row).map_err(unreadable)?;
        let position = columns.get("position").and_then(Value::as_u64);
        let row = read::<M>(columns)?;
        with_position(&row, position.unwrap_or_default()).ok_or_else(|| Unfoldable::new("a row is no object"))
    }
}

fn key_of<M: ReadModel>(key: &Fields) -> Result<M::Key, Unfoldable> {
    serde_json::from_value(Value::Object(key.clone())).map_err(|error| Unfoldable::new(error.to_string()))
}

struct TenantRows<M: ReadModel> {
    memory: Memory<M>,
    table: Arc<Table>,
}

impl<M: ReadModel> TenantRows<M> {
    fn columns(table: &Table, rows: Vec<(M::Row, u64)>) -> Result<Vec<Fields>, Unfoldable> {
        let columns = |(row, position): (M::Row, u64)| {
            let (_, mut columns) = stored_form::<M>(table, &row)?;
            columns.insert("position".to_owned(), Value::from(position));
            Ok(columns)
        };
        rows.into_iter().map(columns).collect()
    }
}

impl<M: ReadModel> AllRows for TenantRows<M> {
    fn take(&mut self, page: &[Noted]) -> Result<(), Refused> {
        self.memory.take(page)
    }

    fn len(&self) -> usize {
        self.memory.len()
    }

    fn added(&mut self) -> Result<Vec<Fields>, Unfoldable> {
        Self::columns(&self.table, self.memory.take_added())
    }

    fn rows(self: Box<Self>) -> Result<Vec<Fields>, Unfoldable> {
        let Self { memory, table } = *self;
        Self::columns(&table, memory.into_rows())
    }
}
