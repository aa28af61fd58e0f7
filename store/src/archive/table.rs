//! A year's partition, its rows, and what of the log it may be asked.

use futures::TryStreamExt as _;
use futures::stream::BoxStream;
use jiff_sqlx::Timestamp as SqlTimestamp;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row as _};

use super::error::ArchiveError;
use super::format::ArchivedRow;
use super::note::{Archive, noted};

/// The columns of an archived row, in the order in which they are read, loaded and copied.
pub(super) const COLUMNS: &str = "position, tenant_id, aggregate_type, aggregate_id, sequence, event_id, \
     event_type, event_version, occurred_at, recorded_at, actor, correlation_id, causation_id, payload, \
     metadata, hash";

/// The name of a year's partition.
pub(super) fn partition(year: i32) -> String {
    format!("events_{year}")
}

/// The rows of a year in order; they come as they are taken, so memory stays flat.
pub(super) fn rows<'a>(
    connection: &'a mut PgConnection,
    query: &'a str,
) -> BoxStream<'a, Result<ArchivedRow, ArchiveError>> {
    Box::pin(
        sqlx::query(query)
            .fetch(connection)
            .map_err(ArchiveError::from)
            .and_then(|row| async move { Ok(read(&row)?) }),
    )
}

/// The query for [`rows`].
pub(super) fn query(year: i32) -> String {
    format!("select {} from {} order by position", selected(), partition(year))
}

/// The columns that [`read`] reads.
pub(crate) fn selected() -> String {
    COLUMNS
        .replace("payload", "payload::text")
        .replace("metadata", "metadata::text")
}

/// Reads the row of an event as it is stored.
pub(crate) fn read(row: &PgRow) -> Result<ArchivedRow, sqlx::Error> {
    let number = |value: i64| u64::try_from(value).unwrap_or_default();
    Ok(ArchivedRow {
        position: number(row.try_get(0)?),
        tenant_id: row.try_get(1)?,
        aggregate_type: row.try_get(2)?,
        aggregate_id: row.try_get(3)?,
        sequence: number(row.try_get(4)?),
        event_id: row.try_get(5)?,
        event_type: row.try_get(6)?,
        event_version: row.try_get(7)?,
        occurred_at: row.try_get::<SqlTimestamp, _>(8)?.to_jiff(),
        recorded_at: row.try_get::<SqlTimestamp, _>(9)?.to_jiff(),
        actor: row.try_get(10)?,
        correlation_id: row.try_get(11)?,
        causation_id: row.try_get(12)?,
        payload: row.try_get(13)?,
        metadata: row.try_get(14)?,
        hash: row.try_get::<Vec<u8>, _>(15)?.try_into().unwrap_or_default(),
    })
}

/// What the database says of itself and its years.
pub(super) struct Place {
    pub(super) identity: String,
    /// Oldest first.
    pub(super) archives: Vec<Archive>,
    /// The years in the log, oldest first.
    pub(super) years: Vec<i32>,
}

/// Takes the session's lock, so that years come and go one after the other, and looks around as the owner.
pub(super) async fn take(connection: &mut PgConnection) -> Result<Place, ArchiveError> {
    let user = sqlx::query!(
        r#"
        select current_user::text as "name!", pg_has_role(current_user, relowner, 'usage') as "owns!"
        from pg_class
        where oid = 'events'::regclass
        "#
    )
    .fetch_one(&mut *connection)
    .await?;
    if !user.owns {
        return Err(ArchiveError::NotOwner { user: user.name });
    }
    // A process that was killed holds it until its connection is found dead.
    sqlx::query!(r#"select set_config('lock_timeout', '20s', false) as "set""#)
        .fetch_one(&mut *connection)
        .await?;
    sqlx::query!(r#"select pg_advisory_lock(hashtext('annals.log_archives'))::text as "locked""#)
        .fetch_one(&mut *connection)
        .await?;
    let identity = sqlx::query_scalar!(r#"select id::text as "id!" from log_identity"#)
        .fetch_one(&mut *connection)
        .await?;
    let archives = noted(&mut *connection).await?;
    let years = sqlx::query_scalar!(
        r#"
        select substring(c.relname::text from '[0-9]+$')::int as "year!"
        from pg_inherits i
        join pg_class c on c.oid = i.inhrelid
        where i.inhparent = 'events'::regclass
        order by 1
        "#
    )
    .fetch_all(&mut *connection)
    .await?;
    Ok(Place {
        identity,
        archives,
        years,
    })
}

/// The first and last position of a year, and how many events it has; `None` when it has none.
pub(super) async fn extent(
    connection: &mut PgConnection,
    year: i32,
) -> Result<Option<(u64, u64, u64)>, ArchiveError> {
    let sql = format!(
        "select min(position), max(position), count(*) from {}",
        partition(year)
    );
    let row = sqlx::query(&sql).fetch_one(connection).await?;
    let number = |value: i64| u64::try_from(value).unwrap_or_default();
    let first: Option<i64> = row.try_get(0)?;
    let last: Option<i64> = row.try_get(1)?;
    Ok(first
        .zip(last)
        .map(|(first, last)| (number(first), number(last), number(row.get(2)))))
}
