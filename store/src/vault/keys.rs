//! Where data keys lie: wrapped, one a subject, event type and month.

use domain::subject::SubjectId;
use domain::{Actor, StreamId};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff_sqlx::{Date as SqlDate, Timestamp as SqlTimestamp, ToSqlx as _};
use sqlx::PgPool;

use super::{KeyPlace, MasterKeyId, VaultError};
use crate::log::Write;

/// What a data key seals: the personal fields of one subject's events of a type, of one month.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Use {
    pub(super) tenant: String,
    pub(super) subject: String,
    pub(super) event_type: String,
}

impl Use {
    /// What seals an event of `actor` in this write.
    pub(super) fn of(write: &Write, actor: &str, event_type: &str) -> Result<Self, VaultError> {
        let (tenant, id) = write.stored_id.split_once(':').unwrap_or((&write.stored_id, ""));
        let stream = StreamId {
            aggregate_type: write.aggregate_type,
            tenant: tenant.parse().map_err(|_| wrong_tenant(tenant))?,
            id: id.to_owned(),
        };
        let actor: Actor = actor.parse().map_err(|_| wrong_tenant(actor))?;
        Ok(Self {
            tenant: tenant.to_owned(),
            subject: SubjectId::of(&stream, &actor).to_string(),
            event_type: event_type.to_owned(),
        })
    }

    /// Where its key of this id lies.
    pub(super) fn place(&self, key_id: String) -> Result<KeyPlace, VaultError> {
        Ok(KeyPlace {
            tenant: self.tenant.parse().map_err(|_| wrong_tenant(&self.tenant))?,
            key_id,
        })
    }
}

/// A data key as it is stored.
pub(super) struct Stored {
    pub(super) place: KeyPlace,
    pub(super) master_key: MasterKeyId,
    /// `None`: it is destroyed.
    pub(super) wrapped: Option<Vec<u8>>,
}

/// The first of the month of a moment, in UTC.
pub(super) fn month_of(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date().first_of_month()
}

/// The master key that wraps; the first time it is the given one.
pub(super) async fn head(
    pool: &PgPool,
    first: Option<(&MasterKeyId, Timestamp)>,
) -> Result<Option<MasterKeyId>, VaultError> {
    let read = || sqlx::query_scalar!("select master_key from vault_head").fetch_optional(pool);
    if let Some(head) = read().await? {
        return head.parse().map(Some);
    }
    let Some((first, now)) = first else {
        return Ok(None);
    };
    sqlx::query!(
        "insert into vault_head (master_key, since) values ($1, $2) on conflict do nothing",
        first.as_str(),
        now.to_sqlx() as SqlTimestamp
    )
    .execute(pool)
    .await?;
    read().await?.map(|head| head.parse()).transpose()
}

/// The ids of the keys in use for these.
pub(super) async fn in_use(
    pool: &PgPool,
    uses: &[Use],
    month: Date,
) -> Result<Vec<(Use, String)>, VaultError> {
    let (tenants, subjects, types) = columns(uses);
    let rows = sqlx::query!(
        r#"
        select s.tenant_id, s.subject, s.event_type, s.key_id
        from unnest($1::text[], $2::text[], $3::text[]) as k (tenant, subject, type)
        cross join lateral (
            select * from subject_keys s
            where s.tenant_id = k.tenant and s.subject = k.subject and s.event_type = k.type
              and s.month = $4 and s.wrapped is not null
            limit 1
        ) s
        "#,
        &tenants,
        &subjects,
        &types,
        month.to_sqlx() as SqlDate
    )
    .fetch_all(pool)
    .await?;
    let used = rows.into_iter().map(|row| {
        let of = Use {
            tenant: row.tenant_id,
            subject: row.subject,
            event_type: row.event_type,
        };
        (of, row.key_id)
    });
    Ok(used.collect())
}

/// Fresh keys, wrapped.
pub(super) struct Fresh {
    pub(super) uses: Vec<Use>,
    pub(super) ids: Vec<String>,
    pub(super) wrapped: Vec<Vec<u8>>,
    pub(super) master_key: MasterKeyId,
}

/// Keeps fresh keys, unless other processes were quicker: gives the ids of those in use. `None`: the master key does
/// not wrap any more.
pub(super) async fn add(
    pool: &PgPool,
    fresh: &Fresh,
    month: Date,
    now: Timestamp,
) -> Result<Option<Vec<(Use, String)>>, VaultError> {
    let (tenants, subjects, types) = columns(&fresh.uses);
    let added = sqlx::query!(
        r#"
        select tenant as "tenant!", person as "subject!", kind as "event_type!", id as "key_id!"
        from vault_add_keys($1, $2, $3, $4, $5, $6, $7, $8)
        "#,
        &tenants,
        &fresh.ids,
        &subjects,
        &types,
        month.to_sqlx() as SqlDate,
        fresh.master_key.as_str(),
        &fresh.wrapped,
        now.to_sqlx() as SqlTimestamp
    )
    .fetch_all(pool)
    .await;
    let rows = match added {
        Err(error) if is_rotated(&error) => return Ok(None),
        other => other?,
    };
    let used = rows.into_iter().map(|row| {
        let of = Use {
            tenant: row.tenant,
            subject: row.subject,
            event_type: row.event_type,
        };
        (of, row.key_id)
    });
    Ok(Some(used.collect()))
}

/// `ANMKR`: raised by `vault_add_keys`.
fn is_rotated(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| code == "ANMKR")
}

/// The stored keys of these places, in no order; those that are not there are left out.
pub(super) async fn stored(pool: &PgPool, places: &[KeyPlace]) -> Result<Vec<Stored>, VaultError> {
    let tenants: Vec<String> = places.iter().map(|place| place.tenant.to_string()).collect();
    let ids: Vec<String> = places.iter().map(|place| place.key_id.clone()).collect();
    let rows = sqlx::query!(
        r#"
        select s.tenant_id, s.key_id, s.master_key, s.wrapped
        from unnest($1::text[], $2::text[]) as k (tenant, id)
        join subject_keys s on s.tenant_id = k.tenant and s.key_id = k.id
        "#,
        &tenants,
        &ids
    )
    .fetch_all(pool)
    .await?;
    let read = rows.into_iter().map(|row| {
        Ok(Stored {
            place: KeyPlace {
                tenant: row.tenant_id.parse().map_err(|_| wrong_tenant(&row.tenant_id))?,
                key_id: row.key_id,
            },
            master_key: row.master_key.parse()?,
            wrapped: row.wrapped,
        })
    });
    read.collect()
}

pub(super) fn wrong_tenant(tenant: &str) -> VaultError {
    VaultError::Unreadable {
        place: "subject_keys".to_owned(),
        reason: format!("{tenant:?} is no tenant"),
    }
}

fn columns(uses: &[Use]) -> (Vec<String>, Vec<String>, Vec<String>) {
    (
        uses.iter().map(|of| of.tenant.clone()).collect(),
        uses.iter().map(|of| of.subject.clone()).collect(),
        uses.iter().map(|of| of.event_type.clone()).collect(),
    )
}
