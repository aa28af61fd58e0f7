//! Reading receipts: what was taken under a key.

use std::collections::HashMap;

use sqlx::PgPool;
use sqlx::types::Uuid;

use super::Known;

/// What the first write under a receipt came to, if there was one.
pub(crate) async fn find_receipt(pool: &PgPool, key: Uuid) -> Result<Option<Known>, sqlx::Error> {
    let row = sqlx::query!(
        "select hash, position, events, aggregate_id, version from receipts where key = $1",
        key
    )
    .fetch_optional(pool)
    .await?;
    let number = |value: i64| u64::try_from(value).unwrap_or_default();
    Ok(row.map(|row| Known {
        first_position: number(row.position),
        events: number(row.events.into()),
        version: number(row.version),
        stored_id: row.aggregate_id,
        hash: row.hash.try_into().unwrap_or_default(),
    }))
}

/// Those of the keys that are known, with the hash of what was asked.
pub(crate) async fn known_receipts(
    pool: &PgPool,
    keys: &[Uuid],
) -> Result<HashMap<Uuid, Vec<u8>>, sqlx::Error> {
    let rows = sqlx::query!("select key, hash from receipts where key = any($1)", keys)
        .fetch_all(pool)
        .await?;
    Ok(rows.into_iter().map(|row| (row.key, row.hash)).collect())
}
