//! Holds one tenant's events against its tree, and the tree against what was signed.

use std::collections::BTreeMap;

use sqlx::PgConnection;

use super::finding::{Audited, Finding, HashFits, Trace};
use super::leaves::{StoredCheckpoint, checkpoints, leaves, rows, tiles_of};
use super::moved::Suspects;
use crate::archive::ArchivedRow;
use crate::seal::checkpoint::{Checkpoint, Trusted};
use crate::seal::error::SealError;
use crate::seal::keys::SealKeys;
use crate::seal::note::{Note, NoteError, VerifierKey};
use crate::seal::tables::read_tiles;
use crate::seal::tiles::{Edge, Place, Tile};
use crate::seal::tree::{Frontier, Hash};

/// Rows that are not sealed are read in pages.
const PAGE: i64 = 5_000;

/// What is known of the whole log.
pub(super) struct Ground<'a> {
    pub(super) keys: &'a SealKeys,
    pub(super) trusted: &'a Trusted,
    pub(super) witnesses: &'a [VerifierKey],
    /// Up to where the log is sealed.
    pub(super) sealed: u64,
    /// Up to where it is in archives.
    pub(super) archived: u64,
    /// The size that the table of trees says.
    pub(super) size: u64,
    /// The last position that the table of trees says.
    pub(super) position: u64,
    /// The checkpoint that was kept outside of PostgreSQL.
    pub(super) kept: Option<Result<Checkpoint, String>>,
}

/// A tenant's audit on its way.
pub(super) struct TenantAudit<'a> {
    tenant: &'a str,
    ground: Ground<'a>,
    /// The tree of the stored leaves, and that of what the rows say.
    stored: Edge,
    told: Frontier,
    /// What was found since the last checkpoint that fits.
    pending: Vec<Trace>,
    traces: Vec<Trace>,
    suspects: Suspects,
    /// Positions at the end whose rows are gone.
    gone: Vec<u64>,
    last_there: u64,
    /// The position of the last leaf.
    last_leaf: u64,
    tree_differs: Option<u64>,
}

impl<'a> TenantAudit<'a> {
    pub(super) fn new(tenant: &'a str, ground: Ground<'a>) -> Self {
        Self {
            tenant,
            ground,
            stored: Edge::default(),
            told: Frontier::default(),
            pending: Vec::new(),
            traces: Vec::new(),
            suspects: Suspects::default(),
            gone: Vec::new(),
            last_there: 0,
            last_leaf: 0,
            tree_differs: None,
        }
    }

    /// Reads all of it.
    pub(super) async fn run(
        mut self,
        connection: &mut PgConnection,
        audited: &mut Audited,
    ) -> Result<(), SealError> {
        let mut position = 0;
        loop {
            let size = self.stored.size();
            let page = leaves(connection, self.tenant, size).await?;
            let Some((upto, _)) = page.last().copied() else {
                break;
            };
            let there = rows(connection, self.tenant, (position, upto), i64::MAX).await?;
            let signed = checkpoints(connection, self.tenant, (size, size + page.len() as u64)).await?;
            audited.events += there.len() as u64;
            audited.checkpoints += signed.len() as u64;
            self.compare(&page, there, &signed, audited);
            self.upper_tiles(connection).await?;
            position = upto;
            if !(page.len() as u64).is_multiple_of(super::super::tiles::WIDTH) {
                break;
            }
        }
        self.behind(connection, position, audited).await?;
        self.end(connection).await?;
        audited.tenants += 1;
        let tenant = Some(self.tenant.to_owned());
        let finding = |trace| Finding {
            tenant: tenant.clone(),
            trace,
        };
        audited.findings.extend(self.traces.into_iter().map(finding));
        Ok(())
    }

    /// A page of leaves beside the rows that are there.
    fn compare(
        &mut self,
        page: &[(u64, Hash)],
        there: Vec<ArchivedRow>,
        signed: &[StoredCheckpoint],
        audited: &mut Audited,
    ) {
        let mut there = there.into_iter().peekable();
        let mut signed = signed.iter().peekable();
        for (position, hash) in page {
            while let Some(row) = there.next_if(|row| row.position < *position) {
                self.inserted(&row);
            }
            let leaf = match there.next_if(|row| row.position == *position) {
                Some(row) => {
                    // The same position again.
                    while let Some(again) = there.next_if(|row| row.position == *position) {
                        self.inserted(&again);
                    }
                    self.there(&row, *hash)
                }
                None if *position <= self.ground.archived => {
                    audited.archived += 1;
                    *hash
                }
                None => {
                    self.gone.push(*position);
                    self.suspects.missed(*position, *hash, None);
                    *hash
                }
            };
            self.stored.push(*hash, *position);
            self.told.push(leaf);
            self.last_leaf = *position;
            let size = self.stored.size();
            while let Some(checkpoint) = signed.next_if(|checkpoint| checkpoint.size == size) {
                self.checkpoint(checkpoint);
            }
            self.kept_at(size);
        }
        for row in there {
            self.inserted(&row);
        }
    }

    /// A row where one was sealed.
    fn there(&mut self, row: &ArchivedRow, hash: Hash) -> Hash {
        self.pending
            .extend(self.gone.drain(..).map(|position| Trace::Removed { position }));
        self.last_there = row.position;
        let leaf = row.leaf();
        let fits = leaf.content == row.hash;
        if leaf.hash() != hash || !fits {
            self.suspects.missed(row.position, hash, Some(leaf));
            self.suspects.strange(leaf);
            self.pending.push(Trace::Changed {
                position: row.position,
                event: row.event_type.clone(),
                hash_fits: if fits { HashFits::Yes } else { HashFits::No },
            });
        }
        leaf.hash()
    }

    fn inserted(&mut self, row: &ArchivedRow) {
        self.suspects.strange(row.leaf());
        self.pending.push(Trace::Inserted {
            position: row.position,
            event: row.event_type.clone(),
        });
    }

    /// Holds the tree against a checkpoint of its size.
    fn checkpoint(&mut self, stored: &StoredCheckpoint) {
        let size = stored.size;
        let root: Hash = stored.root.as_slice().try_into().unwrap_or_default();
        let checkpoint = Checkpoint {
            origin: format!("{}/{}", self.ground.keys.name, self.tenant),
            size,
            root,
        };
        let key = usize::try_from(stored.key - 1).ok();
        let key = key.and_then(|index| self.ground.keys.keys.get(index));
        let opened = match key {
            Some((key, _)) => {
                let note = checkpoint.note(key, &stored.signature, &stored.cosignatures);
                self.opened(&note).map_err(|error| error.to_string())
            }
            None => Err("its key is not known".to_owned()),
        };
        if let Err(what) = opened {
            self.traces.push(Trace::Checkpoint { size, what });
            return;
        }
        if stored.position != self.last_leaf {
            let (noted, leaf) = (stored.position, self.last_leaf);
            let what = format!(
                "it is noted to reach position {noted}, and its last leaf is that of position {leaf}"
            );
            self.traces.push(Trace::Checkpoint { size, what });
        }
        if self.tree_differs.is_none() && self.stored.root() == root {
            self.traces.append(&mut self.pending);
        } else if self.told.root() == root {
            // The rows are those that were signed: it is the tree that was changed.
            self.pending.clear();
            self.differs(size);
        } else {
            self.traces.append(&mut self.pending);
            self.differs(size);
        }
    }

    /// Opens a stored note, the lines of witnesses included: whose key is not given can't be held against anything.
    fn opened(&self, note: &str) -> Result<(), NoteError> {
        Checkpoint::open(note, self.ground.trusted)?;
        match Note::parse(note)?.verify(self.ground.witnesses) {
            Ok(_) | Err(NoteError::UnknownKey { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn differs(&mut self, size: u64) {
        if self.tree_differs.is_none() {
            self.tree_differs = Some(size);
            let what = format!("its first {size} leaves do not lead to the root that was signed");
            self.traces.push(Trace::Tree { what });
        }
    }

    /// Holds the tree against the checkpoint that was kept, at its size.
    fn kept_at(&mut self, size: u64) {
        let fits = match &self.ground.kept {
            Some(Ok(kept)) if kept.size == size => {
                self.stored.root() == kept.root || self.told.root() == kept.root
            }
            _ => return,
        };
        if !fits {
            let what = "its root is another".to_owned();
            self.traces.push(Trace::Kept { size, what });
        }
    }

    /// Holds the tiles above the leaves against what the leaves say.
    async fn upper_tiles(&mut self, connection: &mut PgConnection) -> Result<(), SealError> {
        let filled = self.stored.take_filled();
        self.tiles(connection, filled).await
    }

    async fn tiles(
        &mut self,
        connection: &mut PgConnection,
        expected: BTreeMap<Place, Tile>,
    ) -> Result<(), SealError> {
        let upper = expected.into_iter().filter(|(place, _)| place.level > 0);
        let upper: BTreeMap<Place, Tile> = upper.collect();
        let places: Vec<(String, Place)> = upper
            .keys()
            .map(|place| (self.tenant.to_owned(), *place))
            .collect();
        let found = read_tiles(connection, &places)
            .await?
            .remove(self.tenant)
            .unwrap_or_default();
        for (place, tile) in &upper {
            if found.get(place) != Some(tile) {
                let what = format!(
                    "tile {} of level {} is not that of its leaves",
                    place.index, place.level
                );
                self.traces.push(Trace::Tree { what });
            }
        }
        Ok(())
    }

    /// The rows behind the last leaf: new ones, or some that were slipped in.
    async fn behind(
        &mut self,
        connection: &mut PgConnection,
        after: u64,
        audited: &mut Audited,
    ) -> Result<(), SealError> {
        let mut after = after;
        loop {
            let page = rows(connection, self.tenant, (after, u64::MAX), PAGE).await?;
            for row in &page {
                after = row.position;
                if row.position <= self.ground.sealed {
                    self.inserted(row);
                    continue;
                }
                audited.unsealed += 1;
                if row.content() != row.hash {
                    self.pending.push(Trace::Changed {
                        position: row.position,
                        event: row.event_type.clone(),
                        hash_fits: HashFits::No,
                    });
                }
            }
            if page.len() < usize::try_from(PAGE).unwrap_or_default() {
                return Ok(());
            }
        }
    }

    async fn end(&mut self, connection: &mut PgConnection) -> Result<(), SealError> {
        let edge = self.stored.partial();
        self.tiles(connection, edge).await?;
        self.traces.append(&mut self.pending);
        let (size, said) = (self.stored.size(), self.ground.size);
        if size != said {
            let what = format!("it has {size} leaves, and should have {said}");
            self.traces.push(Trace::Tree { what });
        }
        let (noted, leaf) = (self.ground.position, self.last_leaf);
        if noted != leaf {
            let what = format!(
                "it is noted to reach position {noted}, and its last leaf is that of position {leaf}"
            );
            self.traces.push(Trace::Tree { what });
        }
        let (tiles, wanted) = (tiles_of(connection, self.tenant).await?, Place::count(size));
        if tiles > wanted {
            let what = format!("it has {tiles} tiles, and {wanted} belong to its {size} leaves");
            self.traces.push(Trace::Tree { what });
        }
        match &self.ground.kept {
            Some(Ok(kept)) if kept.size > size => self.traces.push(Trace::Kept {
                size: kept.size,
                what: format!("it has {size} leaves"),
            }),
            Some(Err(what)) => self.traces.push(Trace::Kept {
                size: 0,
                what: what.clone(),
            }),
            _ => {}
        }
        let signed = checkpoints(connection, self.tenant, (size.saturating_sub(1), size)).await?;
        if size > 0 && signed.is_empty() {
            let what = "it is missing, and nothing signs what came last".to_owned();
            self.traces.push(Trace::Checkpoint { size, what });
        }
        self.traces.extend(
            self.gone
                .iter()
                .map(|position| Trace::Removed { position: *position }),
        );
        self.suspects.explain(&mut self.traces);
        self.truncated();
        Ok(())
    }

    /// Says of the last events, if they are gone, that it is the end that is gone.
    fn truncated(&mut self) {
        let gone = self.gone.clone();
        let is_end = |trace: &Trace| matches!(trace, Trace::Removed { position } if gone.contains(position));
        let events = self.traces.iter().filter(|trace| is_end(trace)).count() as u64;
        if events == 0 {
            return;
        }
        self.traces.retain(|trace| !is_end(trace));
        self.traces.push(Trace::Truncated {
            after: self.last_there,
            events,
        });
    }
}
