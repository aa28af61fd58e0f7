//! A read model with its types hidden, so that one page can feed them all.

use std::collections::{HashMap, HashSet};
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};

use domain::{RecordedEvent, StreamId};

use super::context::Noted;
use super::encode::{Encoder, Texts, columns_of};
use super::history::Refolding;
use super::rows::Changed;
use super::table::Table;
use super::{ReadModel, Rows, Unfoldable};

/// Any read model. Only [`read_model`] makes one.
pub trait AnyReadModel: sealed::Sealed + Send + Sync {
    /// The read model's name, which is its table's.
    fn name(&self) -> &'static str;
    /// The version of its fold.
    fn version(&self) -> i32;
    /// The columns of its key.
    fn key(&self) -> &'static [&'static str];
    /// The aggregates whose events it reads; empty: all.
    fn reads(&self) -> &'static [&'static str];
    /// Whether rows are only ever added.
    fn appends_only(&self) -> bool;
    /// Whether it shows what meters read.
    fn looks_back(&self) -> bool;

    /// Whether its rows may hold personal data.
    fn keeps_personal_data(&self) -> bool;

    /// Whether it reads events of this kind.
    fn wants(&self, event: &RecordedEvent) -> bool {
        self.reads().is_empty() || self.reads().contains(&event.stream.aggregate_type)
    }
}

/// Hides a read model's types.
#[must_use]
pub fn read_model<M: ReadModel>() -> Box<dyn AnyReadModel> {
    Box::new(Folded::<M>(PhantomData))
}

pub(super) struct Folded<M>(PhantomData<fn() -> M>);

mod sealed {
    use super::{Folding, Refolding};

    /// What the engine alone asks of a read model.
    pub trait Sealed {
        /// Begins to fold, with no rows.
        #[expect(private_interfaces, reason = "only the engine calls it")]
        fn folding(&self) -> Box<dyn Folding>;
        /// How its rows are folded again.
        #[expect(private_interfaces, reason = "only the engine calls it")]
        fn again(&self) -> &dyn Refolding;
    }
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
    fn reads(&self) -> &'static [&'static str] {
        M::READS
    }
    fn appends_only(&self) -> bool {
        M::APPENDS_ONLY
    }
    fn looks_back(&self) -> bool {
        M::LOOKS_BACK
    }
    fn keeps_personal_data(&self) -> bool {
        M::KEEPS_PERSONAL_DATA
    }
}

impl<M: ReadModel> sealed::Sealed for Folded<M> {
    fn folding(&self) -> Box<dyn Folding> {
        Box::new(Folder::<M>::default())
    }
    fn again(&self) -> &dyn Refolding {
        self
    }
}

/// An event that a fold does not take, and why.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) event: NotedRef,
    pub(super) reason: Unfoldable,
}

type NotedRef = std::sync::Arc<RecordedEvent>;

/// A stream whose events wait, from the one that was refused on.
#[derive(Debug)]
pub(super) struct Parking {
    pub(super) refusal: Refusal,
    /// How many events of it wait by now.
    pub(super) events: i64,
    /// The keys of the rows that they would change.
    pub(super) keys: HashSet<Vec<String>>,
}

/// What was changed, to be written to a table column by column.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub(super) written: Option<Vec<Texts>>,
    pub(super) removed: Option<Vec<Texts>>,
}

/// Events on their way through one read model. All events must be such that it reads.
pub(super) trait Folding: Send {
    /// Notes the rows that these events touch.
    fn declare(&mut self, events: &[&Noted]);
    /// The keys of the rows that were noted since it was asked last, column by column.
    fn keys(&mut self, table: &Table) -> Result<Option<Vec<Texts>>, Unfoldable>;
    /// Takes in the rows that are there.
    fn load(&mut self, rows: &[String]) -> Result<(), Unfoldable>;
    /// Folds the events in order. After a refusal the rows are of no use any more.
    fn fold(&mut self, events: &[&Noted]) -> Result<(), Refusal>;
    /// Folds the events in order, and leaves out those that are refused, with all that come after them in
    /// their streams.
    fn fold_carefully(&mut self, events: &[&Noted], table: &Table) -> Vec<Parking>;
    /// The keys of the rows that an event touches, as texts.
    fn touched(&self, event: &Noted, table: &Table) -> Vec<Vec<String>>;
    /// About how many bytes the rows take.
    fn weight(&self) -> usize;
    /// What is to be written; after this, no rows are held.
    fn changes(&mut self, table: &Table) -> Result<Changes, Unfoldable>;
    /// What is to be written as the lines of a COPY, and how many they are; after this, no rows are held.
    fn lines(&mut self, table: &Table) -> Result<(Vec<u8>, u64), Unfoldable>;
}

/// The rows of one read model, and the events that can't touch them.
pub(super) struct Folder<M: ReadModel> {
    pub(super) rows: Rows<M>,
    /// The keys that are yet to be loaded.
    fresh: Vec<M::Key>,
    /// The positions at which it could not be said which rows an event touches.
    doomed: HashMap<u64, Unfoldable>,
}

impl<M: ReadModel> Default for Folder<M> {
    fn default() -> Self {
        Self {
            rows: Rows::default(),
            fresh: Vec::new(),
            doomed: HashMap::new(),
        }
    }
}

impl<M: ReadModel> Folder<M> {
    fn fold_one(rows: &mut Rows<M>, noted: &Noted) -> Result<(), Unfoldable> {
        rows.position = noted.event.position;
        caught("the fold panicked", || {
            M::fold(rows, &noted.event, &noted.context)
        })??;
        if rows.reached_too_far() {
            return Err(Unfoldable::new(
                "the fold reached for a row that the event does not touch",
            ));
        }
        Ok(())
    }

    /// Folds one event that was declared. After a refusal the rows are of no use any more.
    pub(super) fn step(&mut self, noted: &Noted) -> Result<(), Unfoldable> {
        match self.doomed.get(&noted.event.position) {
            Some(reason) => Err(reason.clone()),
            None => Self::fold_one(&mut self.rows, noted),
        }
    }

    fn try_one(&mut self, noted: &Noted) -> Result<(), Unfoldable> {
        if let Some(reason) = self.doomed.get(&noted.event.position) {
            return Err(reason.clone());
        }
        let keys = if M::APPENDS_ONLY {
            Vec::new()
        } else {
            touches::<M>(noted)?
        };
        if let Some(reason) = self.rows.spoiled(&keys) {
            return Err(reason.clone());
        }
        self.rows.try_to(&keys, |rows| Self::fold_one(rows, noted))
    }
}

/// The events of a page that a read model reads.
pub(super) fn wanted<M: ReadModel>(page: &[Noted]) -> Vec<&Noted> {
    let reads = |noted: &&Noted| M::READS.is_empty() || M::READS.contains(&noted.event.stream.aggregate_type);
    page.iter().filter(reads).collect()
}

fn touches<M: ReadModel>(noted: &Noted) -> Result<Vec<M::Key>, Unfoldable> {
    caught("the fold panicked at the question which rows it touches", || {
        M::touches(&noted.event, &noted.context)
    })
}

/// A panic in a fold is the fold's affair: its read model parks the event, the process goes on.
fn caught<T>(what: &str, run: impl FnOnce() -> T) -> Result<T, Unfoldable> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        Unfoldable::new(text.map_or_else(|| what.to_owned(), |text| format!("{what}: {text}")))
    })
}

impl<M: ReadModel> Folding for Folder<M> {
    fn declare(&mut self, events: &[&Noted]) {
        if M::APPENDS_ONLY {
            return;
        }
        for noted in events {
            match touches::<M>(noted) {
                Ok(keys) => {
                    for key in keys {
                        if self.rows.declare(key.clone()) {
                            self.fresh.push(key);
                        }
                    }
                }
                Err(reason) => drop(self.doomed.insert(noted.event.position, reason)),
            }
        }
    }

    fn keys(&mut self, table: &Table) -> Result<Option<Vec<Texts>>, Unfoldable> {
        let fresh = std::mem::take(&mut self.fresh);
        if fresh.is_empty() {
            return Ok(None);
        }
        columns_of(&table.key, fresh.iter().map(|key| (key, None))).map(Some)
    }

    fn load(&mut self, rows: &[String]) -> Result<(), Unfoldable> {
        let unreadable =
            |error: serde_json::Error| Unfoldable::new(format!("a stored row can't be read: {error}"));
        for row in rows {
            let key: M::Key = serde_json::from_str(row).map_err(unreadable)?;
            match serde_json::from_str(row) {
                Ok(row) => self.rows.load(key, row),
                Err(error) => self.rows.spoil(key, unreadable(error)),
            }
        }
        Ok(())
    }

    fn fold(&mut self, events: &[&Noted]) -> Result<(), Refusal> {
        let tricky = !self.doomed.is_empty() || self.rows.any_spoiled();
        for noted in events {
            let folded = if tricky {
                self.try_one(noted)
            } else {
                Self::fold_one(&mut self.rows, noted)
            };
            folded.map_err(|reason| Refusal {
                event: NotedRef::clone(&noted.event),
                reason,
            })?;
        }
        Ok(())
    }

    fn fold_carefully(&mut self, events: &[&Noted], table: &Table) -> Vec<Parking> {
        let mut parked: HashMap<&StreamId, Parking> = HashMap::new();
        for noted in events {
            let stream = &noted.event.stream;
            if let Some(parking) = parked.get_mut(stream) {
                parking.events += 1;
                parking.keys.extend(self.touched(noted, table));
                continue;
            }
            if let Err(reason) = self.try_one(noted) {
                let event = NotedRef::clone(&noted.event);
                let parking = Parking {
                    refusal: Refusal { event, reason },
                    events: 1,
                    keys: self.touched(noted, table).into_iter().collect(),
                };
                parked.insert(stream, parking);
            }
        }
        parked.into_values().collect()
    }

    fn touched(&self, event: &Noted, table: &Table) -> Vec<Vec<String>> {
        let mut encoder = Encoder::new(&table.key);
        let keys = touches::<M>(event).unwrap_or_default();
        let texts = keys.iter().filter_map(|key| {
            encoder.take(key, None).ok()?;
            Some(
                encoder
                    .texts()
                    .map(|text| text.unwrap_or_default().to_owned())
                    .collect(),
            )
        });
        texts.collect()
    }

    fn weight(&self) -> usize {
        self.rows.weight()
    }

    fn changes(&mut self, table: &Table) -> Result<Changes, Unfoldable> {
        let Changed { written, removed } = self.rows.take_changed();
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

    fn lines(&mut self, table: &Table) -> Result<(Vec<u8>, u64), Unfoldable> {
        let Changed { written, .. } = self.rows.take_changed();
        let mut encoder = Encoder::new(&table.columns);
        let mut lines = Vec::new();
        for (row, position) in &written {
            encoder.take(row, Some(*position))?;
            encoder.write_line(&mut lines);
        }
        Ok((lines, written.len() as u64))
    }
}
