//! Proofs of what is sealed: that an event is in a tree, that a tree grew out of an earlier one, that a run of
//! events is whole.

use domain::TenantId;
use jiff::Timestamp;
use sqlx::{Postgres, Transaction};

use super::checkpoint::Checkpoint;
use super::error::SealError;
use super::keys::SealKeys;
use super::leaf::Leaf;
use super::lookup::{checkpoint, enclosure, find, hashes, row_at};
use super::note::{Note, NoteError, VerifierKey};
use super::tables::bigint;
use super::tree::{Hash, consistency_path, inclusion_path};
use crate::archive::ArchivedRow;
use crate::log::Log;

/// Reads what is sealed, and proves it.
#[derive(Clone, Debug)]
pub struct Seals {
    log: Log,
}

/// A checkpoint as it was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    /// What it says.
    pub checkpoint: Checkpoint,
    /// The position of the last event that it covers.
    pub position: u64,
    /// When it was signed, by the sealer's clock.
    pub sealed_at: Timestamp,
    /// The note, to be kept and verified by others.
    pub note: String,
}

/// That an event is in a tree.
#[derive(Clone, Debug)]
pub struct InclusionProof {
    /// The event's number in the tree, from 0 on.
    pub index: u64,
    /// What of it is hashed.
    pub leaf: Leaf,
    /// The hashes from the leaf's sibling up.
    pub hashes: Vec<Hash>,
    /// The tree.
    pub checkpoint: SignedCheckpoint,
    /// The event's row.
    pub(super) row: ArchivedRow,
    /// The notes by which keys endorse their successors.
    pub(super) endorsements: Vec<String>,
}

/// That one tree is the beginning of another.
#[derive(Clone, Debug)]
pub struct ConsistencyProof {
    /// The smaller tree.
    pub from: SignedCheckpoint,
    /// The larger tree.
    pub to: SignedCheckpoint,
    /// The hashes, as RFC 6962 orders them.
    pub hashes: Vec<Hash>,
    pub(super) endorsements: Vec<String>,
}

/// What encloses a run of events in its tree, so that none can be left out or added.
#[derive(Clone, Debug)]
pub struct Enclosure {
    /// After this position.
    pub after: u64,
    /// Up to this one.
    pub upto: u64,
    /// The number of the run's first event in the tree.
    pub first: u64,
    /// How many events the run has.
    pub events: u64,
    /// The leaf before the run, if it is not the tree's first.
    pub before: Option<Leaf>,
    /// The leaf behind the run, if it is not the tree's last.
    pub behind: Option<Leaf>,
    /// The hashes of the complete subtrees left of the run and its neighbour, from left to right.
    pub left: Vec<Hash>,
    /// The hashes of the complete subtrees right of the run and its neighbour, from left to right.
    pub right: Vec<Hash>,
    /// The tree.
    pub checkpoint: SignedCheckpoint,
    pub(super) endorsements: Vec<String>,
}

/// Which checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// The newest.
    Newest,
    /// The one of this size.
    Size(u64),
}

impl Log {
    /// What is sealed of the log.
    #[must_use]
    pub fn seals(&self) -> Seals {
        Seals { log: self.clone() }
    }
}

impl Seals {
    pub(super) const fn log(&self) -> &Log {
        &self.log
    }

    /// One view of all that is sealed, and the keys that signed it.
    async fn read(&self) -> Result<(Transaction<'static, Postgres>, SealKeys), SealError> {
        let mut connection = self.begin().await?;
        let keys = SealKeys::read(&mut connection).await?;
        Ok((connection, keys.ok_or(SealError::NothingSealed)?))
    }

    async fn begin(&self) -> Result<Transaction<'static, Postgres>, SealError> {
        let begin = "begin isolation level repeatable read read only";
        Ok(self.log.pool().begin_with(begin).await?)
    }

    /// The public keys; `None` if nothing was ever sealed.
    ///
    /// # Errors
    /// [`SealError::Read`] when the database is away.
    pub async fn keys(&self) -> Result<Option<SealKeys>, SealError> {
        let mut connection = self.log.pool().acquire().await?;
        SealKeys::read(&mut connection).await
    }

    /// A tenant's checkpoint.
    ///
    /// # Errors
    /// [`SealError::NothingSealed`], or [`SealError::NoCheckpoint`] at this size.
    pub async fn checkpoint(&self, tenant: TenantId, at: At) -> Result<SignedCheckpoint, SealError> {
        let mut connection = self.log.pool().acquire().await?;
        let keys = SealKeys::read(&mut connection)
            .await?
            .ok_or(SealError::NothingSealed)?;
        checkpoint(&mut connection, &keys, tenant, at).await
    }

    /// Adds to a checkpoint the signatures of witnesses, out of a note that they signed.
    ///
    /// # Errors
    /// [`SealError::Note`] when none of them signed it, or it is not the checkpoint of its size.
    pub async fn cosign(
        &self,
        tenant: TenantId,
        note: &str,
        witnesses: &[VerifierKey],
    ) -> Result<SignedCheckpoint, SealError> {
        let note = Note::parse(note)?;
        note.verify(witnesses)?;
        let size = Checkpoint::of(&note)?.size;
        let signed = self.checkpoint(tenant, At::Size(size)).await?;
        if signed.checkpoint.text() != note.text() {
            return Err(NoteError::Malformed("it is not the checkpoint that was signed at its size").into());
        }
        let known = Note::parse(&signed.note)?;
        let mut lines = String::new();
        for line in note
            .lines_of(witnesses)
            .lines()
            .filter(|line| !known.lines_of(witnesses).contains(*line))
        {
            lines = lines + line + "\n";
        }
        sqlx::query!(
            "update seal_checkpoints set cosignatures = cosignatures || $3 where tenant_id = $1 and size = $2",
            tenant.to_string(),
            bigint(size),
            lines
        )
        .execute(self.log.pool())
        .await?;
        self.checkpoint(tenant, At::Size(size)).await
    }

    /// Proves that the tenant's event of a position is in its tree.
    ///
    /// # Errors
    /// [`SealError`]: `NoEvent`, `NotYet`, `Changed` or what the checkpoint is.
    pub async fn inclusion(
        &self,
        tenant: TenantId,
        position: u64,
        at: At,
    ) -> Result<InclusionProof, SealError> {
        let (mut connection, keys) = self.read().await?;
        let row = row_at(&mut connection, tenant, position).await?;
        let signed = checkpoint(&mut connection, &keys, tenant, at).await?;
        let Some((index, sealed)) = find(&mut connection, tenant, position)
            .await?
            .filter(|(_, leaf)| leaf.0 == position)
        else {
            return Err(match row {
                Some(_) => SealError::NotYet { position },
                None => SealError::NoEvent { position },
            });
        };
        if index >= signed.checkpoint.size {
            return Err(SealError::NotYet { position });
        }
        let row = row.ok_or(SealError::Changed { position })?;
        let leaf = row.leaf();
        if leaf.hash() != sealed.1 {
            return Err(SealError::Changed { position });
        }
        let path = inclusion_path(index, signed.checkpoint.size);
        Ok(InclusionProof {
            index,
            leaf,
            hashes: hashes(&mut connection, tenant, &path).await?,
            checkpoint: signed,
            row,
            endorsements: keys.endorsements(),
        })
    }

    /// Proves that the tree of one checkpoint is the beginning of that of another.
    ///
    /// # Errors
    /// [`SealError::NoCheckpoint`] at one of the sizes; [`SealError::NoRange`] when the first is the larger.
    pub async fn consistency(
        &self,
        tenant: TenantId,
        from: u64,
        to: At,
    ) -> Result<ConsistencyProof, SealError> {
        let (mut connection, keys) = self.read().await?;
        let to = checkpoint(&mut connection, &keys, tenant, to).await?;
        let from = checkpoint(&mut connection, &keys, tenant, At::Size(from)).await?;
        let (old, new) = (from.checkpoint.size, to.checkpoint.size);
        if old > new {
            return Err(SealError::NoRange {
                after: old,
                upto: new,
            });
        }
        Ok(ConsistencyProof {
            hashes: hashes(&mut connection, tenant, &consistency_path(old, new)).await?,
            from,
            to,
            endorsements: keys.endorsements(),
        })
    }

    /// Proves what the tenant's events after a position up to another are: these, and no others. Where the newest
    /// checkpoint ends before that, its end is taken.
    ///
    /// # Errors
    /// [`SealError::NothingSealed`], [`SealError::NoRange`].
    pub async fn completeness(
        &self,
        tenant: TenantId,
        after: u64,
        upto: u64,
    ) -> Result<Enclosure, SealError> {
        let mut connection = self.begin().await?;
        enclosure(&mut connection, tenant, after, upto).await
    }
}
