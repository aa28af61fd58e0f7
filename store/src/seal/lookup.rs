//! Looks up what proofs are made of: checkpoints, leaves, and the hashes of subtrees.

use std::collections::BTreeMap;

use domain::TenantId;
use jiff_sqlx::Timestamp as SqlTimestamp;
use sqlx::PgConnection;

use super::checkpoint::{Checkpoint, origin};
use super::error::SealError;
use super::keys::SealKeys;
use super::leaf::Leaf;
use super::proofs::{At, Enclosure, SignedCheckpoint};
use super::tables::{bigint, number, read_tiles};
use super::tiles::{Place, Tile, WIDTH, rise};
use super::tree::{Hash, Node, Span};
use crate::archive::{ArchivedRow, read_row, selected};

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

/// A tenant's checkpoint, with its note.
pub(super) async fn checkpoint(
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
pub(super) async fn find(
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

/// The last leaf of the tenant in an archive, if that is at this position: it stayed when its row left.
async fn boundary(
    connection: &mut PgConnection,
    tenant: TenantId,
    position: u64,
) -> Result<Option<Leaf>, SealError> {
    let row = sqlx::query!(
        r#"
        select last_sequence as "sequence!", last_recorded_at as "recorded_at!: SqlTimestamp",
               last_content as "content!"
        from log_archive_tenants
        where tenant_id = $1 and last_position = $2
        "#,
        tenant.to_string(),
        bigint(position)
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| Leaf {
        position,
        sequence: number(row.sequence),
        recorded_at: row.recorded_at.to_jiff(),
        content: row.content.try_into().unwrap_or_default(),
    }))
}

/// The leaf of a number, made of its event's row, or of what an archive left of it.
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
    let leaf = match boundary(connection, tenant, position).await? {
        Some(leaf) => leaf,
        None => row_at(connection, tenant, position)
            .await?
            .ok_or(SealError::Changed { position })?
            .leaf(),
    };
    if tile.hashes.get(at) != Some(&leaf.hash()) {
        return Err(SealError::Changed { position });
    }
    Ok(leaf)
}

/// The tenant's row of a position; none if it has none there, an error if it is in an archive.
pub(super) async fn row_at(
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
pub(super) async fn hashes(
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
