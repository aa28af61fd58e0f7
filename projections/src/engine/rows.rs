//! The rows that a fold works on: those that a page touches, held in memory.

use std::collections::{HashMap, HashSet};

use super::{ReadModel, Unfoldable};

/// The rows of one read model that the events of a page touch.
#[derive(Debug)]
pub struct Rows<M: ReadModel> {
    held: HashMap<M::Key, Held<M::Row>>,
    declared: HashSet<M::Key>,
    appended: Vec<(M::Row, u64)>,
    /// Keys whose stored rows can't be read, each with the reason.
    spoiled: HashMap<M::Key, Unfoldable>,
    undeclared: bool,
    /// The position of the event that is being folded.
    pub(super) position: u64,
}

/// A row, or the place where one may come to be.
#[derive(Clone, Debug)]
struct Held<R> {
    row: Option<R>,
    stored: bool,
    /// The last event that changed it; 0: none did.
    changed_at: u64,
}

/// What a page changed.
pub(super) struct Changed<M: ReadModel> {
    /// Rows to write, each with the last event that changed it.
    pub(super) written: Vec<(M::Row, u64)>,
    /// Rows that are gone.
    pub(super) removed: Vec<M::Key>,
}

impl<M: ReadModel> Default for Rows<M> {
    fn default() -> Self {
        Self {
            held: HashMap::new(),
            declared: HashSet::new(),
            appended: Vec::new(),
            spoiled: HashMap::new(),
            undeclared: false,
            position: 0,
        }
    }
}

impl<M: ReadModel> Rows<M> {
    /// The row of a key, if there is one.
    pub fn get(&mut self, key: &M::Key) -> Option<&M::Row> {
        self.check(key);
        self.held.get(key).and_then(|held| held.row.as_ref())
    }

    /// The row of a key, to be changed; an event that comes before its row is refused.
    ///
    /// # Errors
    /// [`Unfoldable`] when there is no such row.
    pub fn known(&mut self, key: &M::Key) -> Result<&mut M::Row, Unfoldable> {
        self.check(key);
        let changed_at = self.position;
        let held = self.held.get_mut(key).filter(|held| held.row.is_some());
        let missing = || Unfoldable::new("the event changes a row that no event before it made");
        let held = held.ok_or_else(missing)?;
        held.changed_at = changed_at;
        held.row.as_mut().ok_or_else(missing)
    }

    /// The row of a key, to be changed; if there is none, the one that `first` makes.
    pub fn row(&mut self, key: M::Key, first: impl FnOnce() -> M::Row) -> &mut M::Row {
        self.check(&key);
        let changed_at = self.position;
        let held = self.held.entry(key).or_insert(Held {
            row: None,
            stored: false,
            changed_at,
        });
        held.changed_at = changed_at;
        held.row.get_or_insert_with(first)
    }

    /// Sets the row of a key.
    pub fn put(&mut self, key: M::Key, row: M::Row) {
        self.check(&key);
        let stored = self.held.get(&key).is_some_and(|held| held.stored);
        let changed_at = self.position;
        let held = Held {
            row: Some(row),
            stored,
            changed_at,
        };
        self.held.insert(key, held);
    }

    /// Adds a row to a read model that only ever adds rows.
    pub fn append(&mut self, row: M::Row) {
        self.undeclared |= !M::APPENDS_ONLY;
        self.appended.push((row, self.position));
    }

    /// Removes the row of a key.
    pub fn remove(&mut self, key: &M::Key) {
        self.check(key);
        if let Some(held) = self.held.get_mut(key) {
            held.row = None;
            held.changed_at = self.position;
        }
    }

    /// Says that an event touches a row; tells whether that is new.
    pub(super) fn declare(&mut self, key: M::Key) -> bool {
        !self.declared.contains(&key) && self.declared.insert(key)
    }

    /// The keys of the rows that the events so far touch.
    pub(super) const fn declared(&self) -> &HashSet<M::Key> {
        &self.declared
    }

    /// Takes in a row from the table.
    pub(super) fn load(&mut self, key: M::Key, row: M::Row) {
        let held = Held {
            row: Some(row),
            stored: true,
            changed_at: 0,
        };
        self.held.insert(key, held);
    }

    /// Notes that a stored row can't be read: no event may touch it.
    pub(super) fn spoil(&mut self, key: M::Key, reason: Unfoldable) {
        self.spoiled.insert(key, reason);
    }

    /// The row of a key and the last event that changed it, if the page's events reached for it.
    pub(super) fn kept(&self, key: &M::Key) -> Option<(Option<&M::Row>, u64)> {
        let held = self.held.get(key)?;
        Some((held.row.as_ref(), held.changed_at))
    }

    /// Everything that is held, for one who keeps the rows in memory: those by key, each with the last event
    /// of the page that changed it (0: none did), and those that were added.
    #[expect(clippy::type_complexity, reason = "it is taken apart where it is received")]
    pub(super) fn into_kept(self) -> (Vec<(M::Key, Option<M::Row>, u64)>, Vec<(M::Row, u64)>) {
        let held = self.held.into_iter();
        let kept = held.map(|(key, held)| (key, held.row, held.changed_at));
        (kept.collect(), self.appended)
    }

    /// Why the rows of these keys can't be changed, if so.
    pub(super) fn spoiled(&self, keys: &[M::Key]) -> Option<&Unfoldable> {
        keys.iter().find_map(|key| self.spoiled.get(key))
    }

    /// Whether any row can't be read.
    pub(super) fn any_spoiled(&self) -> bool {
        !self.spoiled.is_empty()
    }

    /// Whether a fold reached for a row that the event does not touch; it may not be loaded. Asking forgets.
    pub(super) const fn reached_too_far(&mut self) -> bool {
        std::mem::replace(&mut self.undeclared, false)
    }

    /// Changes rows by `fold`; when it fails, the rows of these keys are as they were.
    pub(super) fn try_to(
        &mut self,
        keys: &[M::Key],
        fold: impl FnOnce(&mut Self) -> Result<(), Unfoldable>,
    ) -> Result<(), Unfoldable> {
        let before: Vec<_> = keys.iter().map(|key| self.held.get(key).cloned()).collect();
        let appended = self.appended.len();
        let outcome = fold(self);
        if outcome.is_err() {
            self.appended.truncate(appended);
            for (key, held) in keys.iter().zip(before) {
                match held {
                    Some(held) => self.held.insert(key.clone(), held),
                    None => self.held.remove(key),
                };
            }
        }
        outcome
    }

    /// About how many bytes all of it takes: from the text of some of the rows.
    pub(super) fn weight(&self) -> usize {
        const SAMPLE: usize = 32;
        let rows = self.held.values().filter_map(|held| held.row.as_ref());
        let appended = self.appended.iter().rev().map(|(row, _)| row);
        let sample: Vec<usize> = rows
            .take(SAMPLE)
            .chain(appended.take(SAMPLE))
            .map(|row| serde_json::to_string(row).map_or(0, |text| text.len()))
            .collect();
        let text = sample.iter().sum::<usize>() / sample.len().max(1);
        let place = size_of::<M::Row>() + 2 * size_of::<M::Key>() + 64;
        (self.held.len() + self.appended.len()) * (place + 2 * text)
    }

    /// What changed, in the order of the keys; nothing is held any more.
    pub(super) fn take_changed(&mut self) -> Changed<M> {
        let rows = std::mem::take(self);
        let mut changed = Changed {
            written: rows.appended,
            removed: Vec::new(),
        };
        let mut held: Vec<_> = rows
            .held
            .into_iter()
            .filter(|(_, held)| held.changed_at > 0)
            .collect();
        held.sort_unstable_by(|(left, _), (right, _)| left.cmp(right));
        for (key, held) in held {
            match held.row {
                Some(row) => changed.written.push((row, held.changed_at)),
                None if held.stored => changed.removed.push(key),
                None => {}
            }
        }
        changed
    }

    fn check(&mut self, key: &M::Key) {
        self.undeclared |= M::APPENDS_ONLY || !self.declared.contains(key);
    }
}
