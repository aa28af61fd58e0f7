//! Proofs of what is sealed: that an event is in a tree, that a tree grew out of an earlier one, that a run of
//! events is whole.

use std::collections::BTreeMap;

use domain::TenantId;
use jiff::Timestamp;
use jiff_sqlx::Timestamp as SqlTimestamp;
use sqlx::PgConnection;

use super::checkpoint::{Checkpoint, origin};
use super::error::SealError;
use super::keys::SealKeys;
use super::leaf::Leaf;
use super::note::{Note, NoteError, VerifierKey};
use super::tables::{bigint, number, read_tiles};
use super::tiles::{Place, Tile, WIDTH, rise};
use super::tree::{Hash, Node, Span, consistency_path, inclusion_path};
use crate::archive::{ArchivedRow, read_row, selected};
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
        let mut connection = self
            .log
            .pool()
            .begin_with("begin isolation level repeatable read read only")
            .await?;
        let keys = SealKeys::read(&mut connection)
            .await?
            .ok_or(SealError::NothingSealed)?;
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
        let mut connection = self
            .log
            .pool()
            .begin_with("begin isolation level repeatable read read only")
            .await?;
        let keys = SealKeys::read(&mut connection)
            .await?
            .ok_or(SealError::NothingSealed)?;
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
        let mut connection = self
            .log
            .pool()
            .begin_with("begin isolation level repeatable read read only")
            .await?;
        enclosure(&mut connection, tenant, after, upto).await
    }
}

/// As [`Seals::completeness`], in a transaction that sees one state.
pub(super) async fn enclosure(
    connection: &mut PgConnection,
    tenant: TenantId,
    after: u64,
    upto: u64,
) -> Result<Enclosure, SealError> {
    let keys = SealKeys::read(connection)
        .await?
        .ok_or(SealError::NothingSealed)?;
    let signed = checkpoint(connection, &keys, tenant, At::Newest).await?;
    let upto = upto.min(signed.position);
    if after > upto {
        return Err(SealError::NoRange { after, upto });
    }
    let last = |found: Option<(u64, (u64, Hash))>| found.map_or(0, |(index, _)| index + 1);
    let first = last(find(connection, tenant, after).await?);
    let end = last(find(connection, tenant, upto).await?);
    let size = signed.checkpoint.size;
    let before = match first {
        0 => None,
        _ => Some(leaf_at(connection, tenant, first - 1).await?),
    };
    let behind = match end {
        end if end == size => None,
        _ => Some(leaf_at(connection, tenant, end).await?),
    };
    let left = Span {
        from: 0,
        to: first - u64::from(before.is_some()),
    };
    let right = Span {
        from: end + u64::from(behind.is_some()),
        to: size,
    };
    Ok(Enclosure {
        after,
        upto,
        first,
        events: end - first,
        before,
        behind,
        left: node_hashes(connection, tenant, &left.nodes()).await?,
        right: node_hashes(connection, tenant, &right.nodes()).await?,
        checkpoint: signed,
        endorsements: keys.endorsements(),
    })
}

async fn checkpoint(
    connection: &mut PgConnection,
    keys: &SealKeys,
    tenant: TenantId,
    at: At,
) -> Result<SignedCheckpoint, SealError> {
    let owner = tenant.to_string();
    let size = match at {
        At::Newest => sqlx::query_scalar!(
            "select max(size) from seal_checkpoints where tenant_id = $1",
            owner
        )
        .fetch_one(&mut *connection)
        .await?
        .ok_or(SealError::NothingSealed)?,
        At::Size(size) => {
            let next = sqlx::query_scalar!(
                "select min(size) from seal_checkpoints where tenant_id = $1 and size >= $2",
                owner,
                bigint(size)
            )
            .fetch_one(&mut *connection)
            .await?
            .map(number);
            if next != Some(size) {
                return Err(SealError::NoCheckpoint { size, next });
            }
            bigint(size)
        }
    };
    let row = sqlx::query!(
        r#"
        select size, position, root, key, signature, cosignatures, sealed_at as "sealed_at: SqlTimestamp"
        from seal_checkpoints
        where tenant_id = $1 and size = $2
        "#,
        owner,
        size
    )
    .fetch_one(connection)
    .await?;
    let checkpoint = Checkpoint {
        origin: origin(&keys.name, tenant),
        size: number(row.size),
        root: row.root.try_into().unwrap_or_default(),
    };
    let key = usize::try_from(row.key - 1)
        .ok()
        .and_then(|index| keys.keys.get(index));
    let (key, _) = key.ok_or(SealError::NothingSealed)?;
    Ok(SignedCheckpoint {
        position: number(row.position),
        sealed_at: row.sealed_at.to_jiff(),
        note: checkpoint.note(key, &row.signature, &row.cosignatures),
        checkpoint,
    })
}

/// The last leaf at a position or before it: its number, its position and its hash.
async fn find(
    connection: &mut PgConnection,
    tenant: TenantId,
    position: u64,
) -> Result<Option<(u64, (u64, Hash))>, SealError> {
    let row = sqlx::query!(
        r#"
        select index, hashes, positions
        from seal_tiles
        where tenant_id = $1 and level = 0 and first_position <= $2
        order by first_position desc
        limit 1
        "#,
        tenant.to_string(),
        bigint(position)
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.and_then(|row| {
        let tile = Tile::read(&row.hashes, row.positions.as_deref())?;
        let place = tile
            .positions
            .partition_point(|at| *at <= position)
            .checked_sub(1)?;
        let leaf = (tile.positions[place], *tile.hashes.get(place)?);
        Some((number(row.index) * WIDTH + place as u64, leaf))
    }))
}

/// The leaf of a number, made of its event's row.
async fn leaf_at(connection: &mut PgConnection, tenant: TenantId, index: u64) -> Result<Leaf, SealError> {
    let place = Place {
        level: 0,
        index: index / WIDTH,
    };
    let damaged = || SealError::Tree {
        tenant,
        what: format!("leaf {index} is not there"),
    };
    let owner = tenant.to_string();
    let mut tiles = read_tiles(connection, &[(owner.clone(), place)]).await?;
    let tile = tiles
        .remove(&owner)
        .and_then(|mut tiles| tiles.remove(&place))
        .ok_or_else(damaged)?;
    let at = usize::try_from(index % WIDTH).unwrap_or_default();
    let position = *tile.positions.get(at).ok_or_else(damaged)?;
    let row = row_at(connection, tenant, position)
        .await?
        .ok_or(SealError::Changed { position })?;
    let leaf = row.leaf();
    if tile.hashes.get(at) != Some(&leaf.hash()) {
        return Err(SealError::Changed { position });
    }
    Ok(leaf)
}

async fn row_at(
    connection: &mut PgConnection,
    tenant: TenantId,
    position: u64,
) -> Result<Option<ArchivedRow>, SealError> {
    let query = format!(
        "select {} from events_at_hand where position = $1 and tenant_id = $2",
        selected()
    );
    let row = sqlx::query(&query)
        .bind(bigint(position))
        .bind(tenant.to_string())
        .fetch_optional(&mut *connection)
        .await?;
    match row {
        Some(row) => Ok(Some(read_row(&row)?)),
        None => {
            // It is nowhere, or in a file.
            sqlx::query("select log_at_hand($1, $2, null, null)")
                .bind(bigint(position.saturating_sub(1)))
                .bind(tenant.to_string())
                .execute(connection)
                .await?;
            Ok(None)
        }
    }
}

/// The hashes of subtrees.
async fn hashes(
    connection: &mut PgConnection,
    tenant: TenantId,
    spans: &[Span],
) -> Result<Vec<Hash>, SealError> {
    let parts: Vec<Vec<Node>> = spans.iter().map(|span| span.nodes()).collect();
    let all: Vec<Node> = parts.concat();
    let mut found = node_hashes(connection, tenant, &all).await?.into_iter();
    let fold = |nodes: Vec<Node>| Span::fold(&found.by_ref().take(nodes.len()).collect::<Vec<_>>());
    Ok(parts.into_iter().map(fold).collect())
}

/// The hashes of nodes, in their order.
async fn node_hashes(
    connection: &mut PgConnection,
    tenant: TenantId,
    nodes: &[Node],
) -> Result<Vec<Hash>, SealError> {
    let owner = tenant.to_string();
    let mut places: Vec<Place> = nodes.iter().map(|node| Place::of(*node).0).collect();
    places.sort_unstable();
    places.dedup();
    let places: Vec<(String, Place)> = places.into_iter().map(|place| (owner.clone(), place)).collect();
    let tiles: BTreeMap<Place, Tile> = read_tiles(connection, &places)
        .await?
        .remove(&owner)
        .unwrap_or_default();
    let hash = |node: &Node| {
        let (place, range) = Place::of(*node);
        let hashes = tiles.get(&place).and_then(|tile| tile.hashes.get(range));
        hashes.map(rise).ok_or_else(|| SealError::Tree {
            tenant,
            what: format!("a tile of level {} is damaged", place.level),
        })
    };
    nodes.iter().map(hash).collect()
}
