//! What the sealer reads and writes.

use std::collections::BTreeMap;

use jiff_sqlx::Timestamp as SqlTimestamp;
use sqlx::PgConnection;

use super::error::SealError;
use super::leaf::Leaf;
use super::tiles::{Edge, Place, Tile};

/// So many events are sealed in one transaction at most.
pub(super) const PAGE: i64 = 20_000;

/// A tenant's tree as it is sealed further.
pub(super) struct Growing {
    pub(super) edge: Edge,
    /// The position of its last leaf.
    pub(super) position: u64,
}

/// What is sealed of an event.
pub(super) struct Row {
    pub(super) position: i64,
    pub(super) tenant_id: String,
    pub(super) leaf: Leaf,
}

/// The events after a position, up to the first that is not there.
pub(super) async fn new_rows(connection: &mut PgConnection, after: i64) -> Result<Vec<Row>, SealError> {
    let rows = sqlx::query!(
        r#"
        select position, tenant_id, sequence, recorded_at as "recorded_at: SqlTimestamp", hash
        from events
        where position > $1
        order by position
        limit $2
        "#,
        after,
        PAGE
    )
    .fetch_all(connection)
    .await?;
    let mut expected = after;
    let mut read = Vec::with_capacity(rows.len());
    for row in rows {
        expected += 1;
        if row.position != expected {
            // What is whole before it is sealed.
            if read.is_empty() {
                return Err(SealError::Gap {
                    position: number(expected),
                });
            }
            break;
        }
        read.push(Row {
            position: row.position,
            tenant_id: row.tenant_id,
            leaf: Leaf {
                position: number(row.position),
                sequence: number(row.sequence),
                recorded_at: row.recorded_at.to_jiff(),
                content: row.hash.try_into().unwrap_or_default(),
            },
        });
    }
    Ok(read)
}

/// The tiles of some places, by tenant; those that are not there are left out.
pub(super) async fn read_tiles(
    connection: &mut PgConnection,
    places: &[(String, Place)],
) -> Result<BTreeMap<String, BTreeMap<Place, Tile>>, SealError> {
    let tenants: Vec<String> = places.iter().map(|(tenant, _)| tenant.clone()).collect();
    let levels: Vec<i16> = places.iter().map(|(_, place)| smallint(place.level)).collect();
    let indexes: Vec<i64> = places.iter().map(|(_, place)| bigint(place.index)).collect();
    let rows = sqlx::query!(
        r#"
        select t.tenant_id, t.level, t.index, t.hashes, t.positions
        from unnest($1::text[], $2::smallint[], $3::bigint[]) as w (tenant_id, level, index)
        join seal_tiles t on t.tenant_id = w.tenant_id and t.level = w.level and t.index = w.index
        "#,
        &tenants,
        &levels,
        &indexes
    )
    .fetch_all(connection)
    .await?;
    let mut tiles: BTreeMap<String, BTreeMap<Place, Tile>> = BTreeMap::new();
    for row in rows {
        let place = Place {
            level: u32::try_from(row.level).unwrap_or_default(),
            index: number(row.index),
        };
        if let Some(tile) = Tile::read(&row.hashes, row.positions.as_deref()) {
            tiles.entry(row.tenant_id).or_default().insert(place, tile);
        }
    }
    Ok(tiles)
}

/// Writes the tiles that changed, and how far each tree is.
pub(super) async fn write_trees(
    connection: &mut PgConnection,
    trees: &BTreeMap<String, Growing>,
) -> Result<(), SealError> {
    let (mut owners, mut levels, mut indexes) = (Vec::new(), Vec::new(), Vec::new());
    let (mut hashes, mut positions, mut firsts) = (Vec::new(), Vec::new(), Vec::new());
    for (tenant, tree) in trees {
        for (place, tile) in tree.edge.changed() {
            let columns = tile.columns();
            owners.push(tenant.clone());
            levels.push(smallint(place.level));
            indexes.push(bigint(place.index));
            hashes.push(columns.0);
            positions.push(columns.1);
            firsts.push(tile.positions.first().copied().map(bigint));
        }
    }
    sqlx::query!(
        r#"
        insert into seal_tiles (tenant_id, level, index, hashes, positions, first_position)
        select t.tenant_id, t.level, t.index, t.hashes, t.positions, t.first_position
        from unnest($1::text[], $2::smallint[], $3::bigint[], $4::bytea[], $5::bytea[], $6::bigint[])
            as t (tenant_id, level, index, hashes, positions, first_position)
        on conflict (tenant_id, level, index) do update
        set hashes = excluded.hashes, positions = excluded.positions
        "#,
        &owners,
        &levels,
        &indexes,
        &hashes,
        &positions as &[Option<Vec<u8>>],
        &firsts as &[Option<i64>],
    )
    .execute(&mut *connection)
    .await?;
    let tenants: Vec<String> = trees.keys().cloned().collect();
    let sizes: Vec<i64> = trees.values().map(|tree| bigint(tree.edge.size())).collect();
    let positions: Vec<i64> = trees.values().map(|tree| bigint(tree.position)).collect();
    sqlx::query!(
        r#"
        insert into seal_trees (tenant_id, size, position)
        select t.tenant_id, t.size, t.position
        from unnest($1::text[], $2::bigint[], $3::bigint[]) as t (tenant_id, size, position)
        on conflict (tenant_id) do update set size = excluded.size, position = excluded.position
        "#,
        &tenants,
        &sizes,
        &positions
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) fn number(value: i64) -> u64 {
    u64::try_from(value).unwrap_or_default()
}

pub(super) fn bigint(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

pub(super) fn smallint(value: u32) -> i16 {
    i16::try_from(value).unwrap_or(i16::MAX)
}
