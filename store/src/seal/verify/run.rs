//! A run of events put into its tree again: what encloses it in a proof, and its leaves as they come.

use super::answer::Invalid;
use crate::seal::checkpoint::Checkpoint;
use crate::seal::file::{Base64, ExportHeader};
use crate::seal::tree::{Frontier, Hash};

/// A run on its way into its tree.
#[derive(Debug)]
pub(crate) struct Run {
    header: ExportHeader,
    checkpoint: Checkpoint,
    tree: Frontier,
    events: u64,
    position: u64,
}

fn hashes(hashes: &[Base64]) -> Vec<Hash> {
    hashes.iter().map(|Base64(hash)| *hash).collect()
}

impl Run {
    /// Begins a run with what is left of it, if its neighbours leave no room for an event between the positions.
    /// Whether the checkpoint was signed is the caller's to know.
    pub(crate) fn begin(header: ExportHeader, checkpoint: Checkpoint) -> Result<Self, Invalid> {
        let end = header.first.checked_add(header.events).ok_or(Invalid::Root)?;
        match (&header.before, header.first) {
            (None, 0) => {}
            (Some(before), 1..) if before.position <= header.after => {}
            _ => return Err(Invalid::Open("the leaf before its first event is not before it")),
        }
        match &header.behind {
            Some(behind) if behind.position > header.upto => {}
            None if end == checkpoint.size => {}
            _ => return Err(Invalid::Open("the leaf behind its last event is not behind it")),
        }
        let left = header.first - u64::from(header.before.is_some());
        let mut tree = Frontier::of(left, hashes(&header.left)).ok_or(Invalid::Root)?;
        if let Some(before) = &header.before {
            tree.push(before.hash());
        }
        Ok(Self {
            position: header.after,
            events: 0,
            header,
            checkpoint,
            tree,
        })
    }

    /// How many events it has.
    pub(crate) const fn of(&self) -> u64 {
        self.header.events
    }

    /// The tree that it is in.
    pub(crate) const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// What encloses it.
    pub(crate) const fn header(&self) -> &ExportHeader {
        &self.header
    }

    /// The next leaf, of an event at this position.
    pub(crate) fn push(&mut self, position: u64, leaf: Hash) -> Result<(), Invalid> {
        if self.events == self.header.events {
            return Err(Invalid::TooMany {
                position,
                of: self.header.events,
            });
        }
        if position <= self.position || position > self.header.upto {
            return Err(Invalid::Order {
                position,
                after: self.position,
            });
        }
        (self.events, self.position) = (self.events + 1, position);
        self.tree.push(leaf);
        Ok(())
    }

    /// Ends the run with what is right of it: it leads to the root, or it proves nothing.
    pub(crate) fn end(&self) -> Result<(), Invalid> {
        let (header, mut tree) = (&self.header, self.tree.clone());
        if self.events < header.events {
            return Err(Invalid::Truncated {
                events: self.events,
                of: header.events,
            });
        }
        // Beyond the tree's last leaf nothing is known: the range may not reach there.
        let last = match self.events {
            0 => header.before.map_or(0, |before| before.position),
            _ => self.position,
        };
        match &header.behind {
            Some(behind) => tree.push(behind.hash()),
            None if header.upto > last => {
                return Err(Invalid::Open(
                    "its range ends behind the last event that was signed",
                ));
            }
            None => {}
        }
        if tree.root_at(self.checkpoint.size, &hashes(&header.right)) != Some(self.checkpoint.root) {
            return Err(Invalid::Root);
        }
        Ok(())
    }
}
