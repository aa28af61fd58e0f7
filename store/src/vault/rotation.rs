//! A new master key: data keys are wrapped anew, and no event is touched.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTimestamp, ToSqlx as _};
use sqlx::{PgConnection, PgPool};

use super::keys::wrong_tenant;
use super::vault::AT_ONCE;
use super::{KeyPlace, MasterKeyId, MasterKeys, VaultError};

/// What a rotation came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotated {
    /// The master key that wraps from now on.
    pub master_key: MasterKeyId,
    /// How many data keys were wrapped anew by this call.
    pub keys: u64,
}

/// Wraps every data key that is not under the current master key anew, `AT_ONCE` at a time. Killed at any moment, it
/// goes on when it is asked again; when it is done, no data key needs another master key. `pool`'s role is the
/// projector's.
///
/// # Errors
/// [`VaultError::OtherMasterKey`] when the old key is not among `masters`; what was wrapped before stays.
pub async fn rotate_master_key(
    pool: &PgPool,
    masters: &dyn MasterKeys,
    now: Timestamp,
    progress: &mut (dyn FnMut(u64) + Send),
) -> Result<Rotated, VaultError> {
    let master_key = masters.current().await?;
    let mut transaction = pool.begin().await?;
    // From here on nobody adds a key that is wrapped under another one: those who do it hold the lock together.
    sqlx::query!(r#"select pg_advisory_xact_lock(hashtext('annals.vault'))::text as "locked""#)
        .fetch_one(&mut *transaction)
        .await?;
    sqlx::query!(
        "update vault_head set master_key = $1, since = $2 where master_key <> $1",
        master_key.as_str(),
        now.to_sqlx() as SqlTimestamp
    )
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    let mut keys = 0;
    loop {
        let mut transaction = pool.begin().await?;
        let wrapped = wrap_some(&mut transaction, masters, &master_key).await?;
        transaction.commit().await?;
        if wrapped == 0 {
            return Ok(Rotated { master_key, keys });
        }
        keys += wrapped;
        progress(keys);
    }
}

async fn wrap_some(
    connection: &mut PgConnection,
    masters: &dyn MasterKeys,
    current: &MasterKeyId,
) -> Result<u64, VaultError> {
    let rows = sqlx::query!(
        r#"
        select tenant_id, key_id, master_key, wrapped as "wrapped!"
        from subject_keys
        where wrapped is not null
          and (master_key < $1 or master_key > $1)
        order by master_key
        limit $2
        for update
        "#,
        current.as_str(),
        i64::try_from(AT_ONCE).unwrap_or(i64::MAX)
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut by_master: BTreeMap<MasterKeyId, Vec<(KeyPlace, Vec<u8>)>> = BTreeMap::new();
    for row in rows {
        let place = KeyPlace {
            tenant: row.tenant_id.parse().map_err(|_| wrong_tenant(&row.tenant_id))?,
            key_id: row.key_id,
        };
        by_master
            .entry(row.master_key.parse()?)
            .or_default()
            .push((place, row.wrapped));
    }
    let mut count = 0;
    for (master, wrapped) in by_master {
        let secrets = masters.unwrap(&master, &wrapped).await?;
        let keys: Vec<_> = wrapped.into_iter().map(|(place, _)| place).zip(secrets).collect();
        let again = masters.wrap(&keys).await?;
        let tenants: Vec<String> = keys.iter().map(|(place, _)| place.tenant.to_string()).collect();
        let ids: Vec<String> = keys.iter().map(|(place, _)| place.key_id.clone()).collect();
        let updated = sqlx::query!(
            r#"
            update subject_keys s
            set master_key = $1, wrapped = k.wrapped
            from unnest($2::text[], $3::text[], $4::bytea[]) as k (tenant, id, wrapped)
            where s.tenant_id = k.tenant
              and s.key_id = k.id
              and s.wrapped is not null
            "#,
            current.as_str(),
            &tenants,
            &ids,
            &again
        )
        .execute(&mut *connection)
        .await?;
        count += updated.rows_affected();
    }
    Ok(count)
}

/// How many data keys each master key wraps.
///
/// # Errors
/// [`VaultError::Sql`] when the database is away.
pub async fn wrapped_by(pool: &PgPool) -> Result<Vec<(MasterKeyId, u64)>, VaultError> {
    let rows = sqlx::query!(
        r#"
        select master_key, count(*) as "keys!"
        from subject_keys
        where wrapped is not null
        group by master_key
        order by master_key
        "#
    )
    .fetch_all(pool)
    .await?;
    let read = rows.into_iter().map(|row| {
        Ok((
            row.master_key.parse()?,
            u64::try_from(row.keys).unwrap_or_default(),
        ))
    });
    read.collect()
}
