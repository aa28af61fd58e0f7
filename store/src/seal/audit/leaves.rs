//! What an audit reads, a page at a time.

use sqlx::{PgConnection, Row as _};

use crate::archive::{ArchivedRow, read_row, selected};
use crate::seal::error::SealError;
use crate::seal::tables::{bigint, number};
use crate::seal::tiles::{Tile, WIDTH};
use crate::seal::tree::Hash;

/// So many tiles of leaves are read at once: 8,192 leaves.
const TILES: i64 = 256;

/// The leaves of a tree from a tile on, with the positions of their events; empty at the end, shorter where the
/// tiles are damaged.
pub(super) async fn leaves(
    connection: &mut PgConnection,
    tenant: &str,
    from: u64,
) -> Result<Vec<(u64, Hash)>, SealError> {
    let rows = sqlx::query!(
        r#"
        select index, hashes, positions
        from seal_tiles
        where tenant_id = $1 and level = 0 and index >= $2
        order by index
        limit $3
        "#,
        tenant,
        bigint(from / WIDTH),
        TILES
    )
    .fetch_all(connection)
    .await?;
    let mut leaves = Vec::new();
    for (expected, row) in (bigint(from / WIDTH)..).zip(rows) {
        let tile = Tile::read(&row.hashes, row.positions.as_deref());
        let Some(tile) =
            tile.filter(|tile| row.index == expected && tile.hashes.len() == tile.positions.len())
        else {
            break;
        };
        let full = tile.hashes.len() as u64 == WIDTH;
        leaves.extend(tile.positions.into_iter().zip(tile.hashes));
        if !full {
            break;
        }
    }
    Ok(leaves)
}

/// The tenant's rows after a position, up to another.
pub(super) async fn rows(
    connection: &mut PgConnection,
    tenant: &str,
    (after, upto): (u64, u64),
    limit: i64,
) -> Result<Vec<ArchivedRow>, SealError> {
    let query = format!(
        "select {} from events_at_hand where tenant_id = $1 and position > $2 and position <= $3 \
         order by position limit $4",
        selected()
    );
    let rows = sqlx::query(&query)
        .bind(tenant)
        .bind(bigint(after))
        .bind(bigint(upto))
        .bind(limit)
        .fetch_all(connection)
        .await?;
    Ok(rows.iter().map(read_row).collect::<Result<_, _>>()?)
}

/// A stored checkpoint.
pub(super) struct StoredCheckpoint {
    pub(super) size: u64,
    pub(super) position: u64,
    pub(super) root: Vec<u8>,
    pub(super) key: i32,
    pub(super) signature: Vec<u8>,
    /// The lines of witnesses.
    pub(super) cosignatures: String,
}

/// The tenant's checkpoints of sizes after one up to another.
pub(super) async fn checkpoints(
    connection: &mut PgConnection,
    tenant: &str,
    (after, upto): (u64, u64),
) -> Result<Vec<StoredCheckpoint>, SealError> {
    let rows = sqlx::query!(
        "select size, position, root, key, signature, cosignatures from seal_checkpoints
         where tenant_id = $1 and size > $2 and size <= $3 order by size",
        tenant,
        bigint(after),
        bigint(upto)
    )
    .fetch_all(connection)
    .await?;
    let checkpoint = rows.into_iter().map(|row| StoredCheckpoint {
        size: number(row.size),
        position: number(row.position),
        root: row.root,
        key: row.key,
        signature: row.signature,
        cosignatures: row.cosignatures,
    });
    Ok(checkpoint.collect())
}

/// How many tiles there are of a tenant's tree.
pub(super) async fn tiles_of(connection: &mut PgConnection, tenant: &str) -> Result<u64, SealError> {
    let tiles = sqlx::query_scalar!(
        r#"select count(*) as "tiles!" from seal_tiles where tenant_id = $1"#,
        tenant
    )
    .fetch_one(connection)
    .await?;
    Ok(number(tiles))
}

/// The ids of all who have events or a tree, as they are stored.
pub(super) async fn tenants(connection: &mut PgConnection) -> Result<Vec<String>, SealError> {
    let jump = |table: &str| {
        format!(
            "select id from (with recursive t (id) as ((select tenant_id from {table} order by tenant_id limit 1) \
             union all select (select n.tenant_id from {table} n where n.tenant_id > id order by n.tenant_id limit 1) \
             from t where id is not null) select id from t where id is not null) one"
        )
    };
    let query = format!(
        "{} union {} order by 1",
        jump("events_at_hand"),
        jump("seal_trees")
    );
    let rows = sqlx::query(&query).fetch_all(connection).await?;
    Ok(rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?)
}
