//! A read model with its types hidden, so that one page can feed them all.

use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::context::Noted;
use super::encode::{Texts, fields, text};
use super::history::Refolding;
use super::rows::Changed;
use super::table::{Column, Table};
use super::{ReadModel, Rows, Unfoldable};

/// Any read model. Only [`read_model`] makes one.
pub trait AnyReadModel: sealed::Sealed + Send + Sync {
    /// The read model's name, which is its table's.
    fn name(&self) -> &'static str;
    /// The version of its fold.
    fn version(&self) -> i32;
    /// The columns of its key.
    fn key(&self) -> &'static [&'static str];
    /// Whether rows are only ever added.
    fn appends_only(&self) -> bool;
}

/// Hides a read model's types.
#[must_use]
pub fn read_model<M: ReadModel>() -> Box<dyn AnyReadModel> {
    Box::new(Folded::<M>(PhantomData))
}

pub(super) struct Folded<M>(PhantomData<fn() -> M>);

mod sealed {
    use super::{Folding, Noted, Refolding};

    /// What the engine alone asks of a read model.
    pub trait Sealed {
        /// Begins a page: finds the events that it wants and the rows that they touch.
        #[expect(private_interfaces, reason = "only the engine calls it")]
        fn begin<'p>(&self, page: &'p [Noted]) -> Box<dyn Folding + 'p>;
        /// How its rows are folded again.
        #[expect(private_interfaces, reason = "only the engine calls it")]
        fn again(&self) -> &dyn Refolding;
    }
}

/// Where and why a read model can go no further.
#[derive(Debug)]
pub(super) struct Stop {
    pub(super) position: u64,
    pub(super) event_type: String,
    pub(super) reason: Unfoldable,
}

/// What a page writes to a table, column by column.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub(super) written: Option<Vec<Texts>>,
    pub(super) removed: Option<Vec<Texts>>,
}

/// One page on its way through one read model.
pub(super) trait Folding: Send {
    /// How many events of the page the read model wants.
    fn wanted(&self) -> usize;
    /// The keys of the rows to load, column by column; `None`: nothing needs to be loaded.
    fn keys(&self, table: &Table) -> Result<Option<Vec<Texts>>, Unfoldable>;
    /// Takes in the rows that are there.
    fn load(&mut self, rows: &[String]) -> Result<(), Unfoldable>;
    /// Folds the events in order.
    fn fold(&mut self) -> Result<(), Stop>;
    /// What is to be written.
    fn changes(self: Box<Self>, table: &Table) -> Result<Changes, Unfoldable>;
}

impl<M: ReadModel> AnyReadModel for Folded<M> {
    fn name(&self) -> &'static str {
        M::NAME
    }
    fn version(&self) -> i32 {
        M::VERSION
    }
    fn key(&self) -> &'static [&'static str] {
        M::KEY
    }
    fn appends_only(&self) -> bool {
        M::APPENDS_ONLY
    }
}

impl<M: ReadModel> sealed::Sealed for Folded<M> {
    fn begin<'p>(&self, page: &'p [Noted]) -> Box<dyn Folding + 'p> {
        Box::new(PageFolding::<M>::begin(page))
    }
    fn again(&self) -> &dyn Refolding {
        self
    }
}

/// A page's events that one read model wants, and the rows that they touch.
pub(super) struct PageFolding<'p, M: ReadModel> {
    pub(super) events: Vec<&'p Noted>,
    pub(super) rows: Rows<M>,
}

impl<'p, M: ReadModel> PageFolding<'p, M> {
    pub(super) fn begin(page: &'p [Noted]) -> Self {
        let mut rows = Rows::default();
        let mut events = Vec::new();
        for noted in page {
            let wanted = M::READS.is_empty() || M::READS.contains(&noted.event.stream.aggregate_type);
            if !wanted {
                continue;
            }
            if M::APPENDS_ONLY {
                events.push(noted);
                continue;
            }
            let keys = M::touches(&noted.event, &noted.context);
            if !keys.is_empty() {
                events.push(noted);
                keys.into_iter().for_each(|key| rows.declare(key));
            }
        }
        Self { events, rows }
    }

    pub(super) fn fold_one(rows: &mut Rows<M>, noted: &Noted) -> Result<(), Unfoldable> {
        rows.position = noted.event.position;
        let fold = || M::fold(rows, &noted.event, &noted.context);
        catch_unwind(AssertUnwindSafe(fold)).unwrap_or_else(|_| Err(Unfoldable::new("the fold panicked")))?;
        if rows.reached_too_far() {
            return Err(Unfoldable::new(
                "the fold reached for a row that the event does not touch",
            ));
        }
        Ok(())
    }
}

impl<M: ReadModel> Folding for PageFolding<'_, M> {
    fn wanted(&self) -> usize {
        self.events.len()
    }

    fn keys(&self, table: &Table) -> Result<Option<Vec<Texts>>, Unfoldable> {
        if M::APPENDS_ONLY || self.rows.declared().is_empty() {
            return Ok(None);
        }
        columns_of(&table.key, self.rows.declared().iter().map(|key| (key, None))).map(Some)
    }

    fn load(&mut self, rows: &[String]) -> Result<(), Unfoldable> {
        let unreadable = |error| Unfoldable::new(format!("a stored row can't be read: {error}"));
        for row in rows {
            let key = serde_json::from_str(row).map_err(unreadable)?;
            self.rows
                .load(key, serde_json::from_str(row).map_err(unreadable)?);
        }
        Ok(())
    }

    fn fold(&mut self) -> Result<(), Stop> {
        for noted in &self.events {
            Self::fold_one(&mut self.rows, noted).map_err(|reason| Stop {
                position: noted.event.position,
                event_type: noted.event.event_type.clone(),
                reason,
            })?;
        }
        Ok(())
    }

    fn changes(self: Box<Self>, table: &Table) -> Result<Changes, Unfoldable> {
        let Changed { written, removed } = self.rows.into_changed();
        let mut changes = Changes::default();
        if !written.is_empty() {
            let rows = written.iter().map(|(row, position)| (row, Some(*position)));
            changes.written = Some(columns_of(&table.columns, rows)?);
        }
        if !removed.is_empty() {
            changes.removed = Some(columns_of(&table.key, removed.iter().map(|key| (key, None)))?);
        }
        Ok(changes)
    }
}

/// Turns rows (or keys) into columns of text. A row comes with the position that last changed it.
fn columns_of<'r, R: serde::Serialize + 'r>(
    columns: &[Column],
    rows: impl Iterator<Item = (&'r R, Option<u64>)>,
) -> Result<Vec<Texts>, Unfoldable> {
    let mut texts: Vec<Texts> = columns
        .iter()
        .map(|_| Vec::with_capacity(rows.size_hint().0))
        .collect();
    for (row, position) in rows {
        let mut fields = fields(row)?;
        if let Some(position) = position {
            fields.insert("position".to_owned(), position.into());
        }
        for (column, texts) in columns.iter().zip(&mut texts) {
            let field = fields.remove(&column.name).ok_or_else(|| {
                Unfoldable::new(format!("the row has no field for the column {}", column.name))
            })?;
            texts.push(text(column, field));
        }
        if let Some(name) = fields.keys().next() {
            return Err(Unfoldable::new(format!(
                "the table has no column for the field {name}"
            )));
        }
    }
    Ok(texts)
}
