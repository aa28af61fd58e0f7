//! The rows that a fold makes of a part of the log, held in memory.

use std::collections::HashMap;

use super::Refused;
use crate::engine::context::Noted;
use crate::engine::folding::{Folder, Folding, wanted};
use crate::engine::{ReadModel, Rows};

/// A row in memory. While a page is folded, the row is with the fold.
#[derive(Debug)]
struct Kept<R> {
    row: Option<R>,
    /// The last event that changed it.
    position: u64,
}

/// The rows of a read model, made of the pages that it was given.
#[derive(Debug)]
pub(crate) struct Memory<M: ReadModel> {
    kept: HashMap<M::Key, Kept<M::Row>>,
    added: Vec<(M::Row, u64)>,
}

impl<M: ReadModel> Default for Memory<M> {
    fn default() -> Self {
        Self {
            kept: HashMap::new(),
            added: Vec::new(),
        }
    }
}

impl<M: ReadModel> Memory<M> {
    /// Folds the next page.
    pub(crate) fn take(&mut self, page: &[Noted]) -> Result<(), Refused> {
        self.take_watched(page, |_, _| Ok(()))
    }

    /// Folds the next page, and shows the rows that it touches after each event.
    pub(super) fn take_watched(
        &mut self,
        page: &[Noted],
        mut watch: impl FnMut(&Noted, &Rows<M>) -> Result<(), Refused>,
    ) -> Result<(), Refused> {
        let events = wanted::<M>(page);
        let mut folding = Folder::<M>::default();
        folding.declare(&events);
        let touched: Vec<M::Key> = folding.rows.declared().iter().cloned().collect();
        for key in touched {
            if let Some(row) = self.kept.get_mut(&key).and_then(|kept| kept.row.take()) {
                folding.rows.load(key, row);
            }
        }
        for noted in events {
            folding.step(noted).map_err(|reason| Refused {
                read_model: M::NAME,
                event_type: noted.event.event_type.clone(),
                position: noted.event.position,
                reason: reason.to_string(),
            })?;
            watch(noted, &folding.rows)?;
        }
        let (rows, added) = folding.rows.into_kept();
        for (key, row, changed_at) in rows {
            match row {
                Some(row) => self.keep(key, row, changed_at),
                None => drop(self.kept.remove(&key)),
            }
        }
        self.added.extend(added);
        Ok(())
    }

    fn keep(&mut self, key: M::Key, row: M::Row, changed_at: u64) {
        let kept = self.kept.entry(key).or_insert(Kept {
            row: None,
            position: changed_at,
        });
        kept.row = Some(row);
        kept.position = kept.position.max(changed_at);
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.kept.len() + self.added.len()
    }

    /// The row of a key; not of a read model that only adds rows.
    pub(crate) fn into_row(mut self, key: &M::Key) -> Option<M::Row> {
        self.kept.remove(key)?.row
    }

    /// All rows in the order of their keys, those that were only added after them, each with the last event
    /// that changed it.
    pub(crate) fn into_rows(self) -> Vec<(M::Row, u64)> {
        let mut kept: Vec<_> = self.kept.into_iter().collect();
        kept.sort_unstable_by(|(left, _), (right, _)| left.cmp(right));
        let rows = kept
            .into_iter()
            .filter_map(|(_, kept)| Some((kept.row?, kept.position)));
        rows.chain(self.added).collect()
    }

    /// The rows that were added since they were asked for last.
    pub(super) fn take_added(&mut self) -> Vec<(M::Row, u64)> {
        std::mem::take(&mut self.added)
    }
}

#[cfg(test)]
mod tests {
    use crate::engine::rehearsal::Story;
    use crate::lead::LeadList;

    #[test]
    fn a_refused_event_is_named_with_its_read_model_and_position() {
        let contacted = domain::lead::Event::Contacted {
            vertical: "sales".parse().unwrap(),
            channel: "phone".to_owned(),
            number: 1,
            captured_at: "2026-01-01T00:00:00Z".parse().unwrap(),
        };
        let story = Story::default().then("2026-01-01T00:01:00Z", "lead.contacted", "l1", contacted);
        assert_eq!(
            story.refused::<LeadList>().to_string(),
            "lead can't take the event lead.contacted at position 1: the event changes a row that no event before \
             it made"
        );
    }
}
