//! Tells which of the events that are not where they were lie elsewhere.

use std::collections::BTreeSet;

use super::finding::Trace;
use crate::seal::leaf::Leaf;
use crate::seal::tree::Hash;

/// So many suspects are compared with each other at most.
const SUSPECTS: usize = 500;

/// What does not fit: leaves without their row, and rows without their leaf.
#[derive(Debug, Default)]
pub(super) struct Suspects {
    /// What was sealed at a position, and the row that is there now.
    missed: Vec<(u64, Hash, Option<Leaf>)>,
    /// A row that is where nothing like it was sealed.
    strange: Vec<Leaf>,
}

impl Suspects {
    /// A leaf whose row is gone, or is another.
    pub(super) fn missed(&mut self, position: u64, hash: Hash, now: Option<Leaf>) {
        if self.missed.len() < SUSPECTS {
            self.missed.push((position, hash, now));
        }
    }

    /// A row that is not the leaf of its position.
    pub(super) fn strange(&mut self, leaf: Leaf) {
        if self.strange.len() < SUSPECTS {
            self.strange.push(leaf);
        }
    }

    /// The events that were moved: whole rows by their positions, or what they say from row to row.
    fn moves(&self) -> Vec<(u64, u64)> {
        let mut moves = Vec::new();
        for (from, hash, now) in &self.missed {
            let is_it = |leaf: &&Leaf| {
                let whole = Leaf {
                    position: *from,
                    ..**leaf
                };
                let content = now.map(|now| Leaf {
                    content: leaf.content,
                    ..now
                });
                leaf.position != *from
                    && (whole.hash() == *hash || content.is_some_and(|content| content.hash() == *hash))
            };
            if let Some(leaf) = self.strange.iter().find(is_it) {
                moves.push((*from, leaf.position));
            }
        }
        moves
    }

    /// Says of events that were moved that they were, instead of what it looks like on both sides.
    pub(super) fn explain(&self, traces: &mut Vec<Trace>) {
        let moves = self.moves();
        let from: BTreeSet<u64> = moves.iter().map(|(from, _)| *from).collect();
        let to: BTreeSet<u64> = moves.iter().map(|(_, to)| *to).collect();
        traces.retain(|trace| match trace {
            Trace::Removed { position } => !from.contains(position),
            Trace::Inserted { position, .. } => !to.contains(position),
            Trace::Changed { position, .. } => !from.contains(position) && !to.contains(position),
            _ => true,
        });
        traces.extend(moves.into_iter().map(|(from, to)| Trace::Moved { from, to }));
    }
}
