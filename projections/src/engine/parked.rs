//! Parked streams: from an event that a fold does not take on, a stream's events wait, and no other stream's.

use std::collections::HashMap;

use domain::{Event, StreamId};
use sqlx::{PgConnection, PgExecutor};

use super::folding::{Parking, Refusal};
use super::{count, position};

/// A stream whose events wait for one read model.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Parked {
    /// The read model.
    pub name: String,
    /// The build of it.
    pub build: i32,
    /// The stream.
    #[serde(serialize_with = "as_text")]
    pub stream: StreamId,
    /// The first event that waits.
    pub position: u64,
    /// Its type.
    pub event_type: String,
    /// Why it could not be folded.
    pub reason: String,
    /// How many events wait, this one included.
    pub events: u64,
}

fn as_text<S: serde::Serializer>(stream: &StreamId, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!(
        "{}/{}/{}",
        stream.tenant, stream.aggregate_type, stream.id
    ))
}

/// How many events of a stream wait beside those that are noted already, and the rows behind them.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    pub(super) events: i64,
    pub(super) keys: Vec<Vec<String>>,
}

/// From which position on a parked stream's events wait; `None`: it is not parked.
pub(super) async fn since(
    connection: impl PgExecutor<'_>,
    (name, build): (&str, i32),
    stream: &StreamId,
) -> Result<Option<u64>, sqlx::Error> {
    let at = sqlx::query_scalar!(
        r#"
        select position
        from read_model_parked
        where name = $1 and build = $2 and tenant_id = $3 and aggregate_type = $4 and aggregate_id = $5
        "#,
        name,
        build,
        stream.tenant.to_string(),
        stream.aggregate_type,
        stream.id
    )
    .fetch_optional(connection)
    .await?;
    Ok(at.map(position))
}

/// All parked streams of all builds.
pub(super) async fn all(connection: impl PgExecutor<'_>) -> Result<Vec<Parked>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"
        select name, build, tenant_id, aggregate_type, aggregate_id, position, event_type, reason, events
        from read_model_parked
        order by name, build, tenant_id, position
        "#
    )
    .fetch_all(connection)
    .await?;
    let parked = rows.into_iter().filter_map(|row| {
        Some(Parked {
            stream: StreamId {
                // Only streams that could be read were ever parked.
                aggregate_type: Event::AGGREGATE_TYPES
                    .iter()
                    .find(|known| **known == row.aggregate_type)?,
                tenant: row.tenant_id.parse().ok()?,
                id: row.aggregate_id,
            },
            name: row.name,
            build: row.build,
            position: position(row.position),
            event_type: row.event_type,
            reason: row.reason,
            events: position(row.events),
        })
    });
    Ok(parked.collect())
}

/// Parks a stream.
pub(super) async fn park(
    connection: &mut PgConnection,
    build: (&str, i32),
    parking: &Parking,
) -> Result<(), sqlx::Error> {
    let Refusal { event, reason } = &parking.refusal;
    tracing::error!(
        read_model = build.0,
        position = event.position,
        event_type = event.event_type,
        tenant = %event.tenant(),
        %reason,
        "projections.{} parked the stream {}/{}: the events after this one wait, all others flow",
        build.0,
        event.stream.aggregate_type,
        event.stream.id
    );
    sqlx::query!(
        r#"
        insert into read_model_parked
            (name, build, tenant_id, aggregate_type, aggregate_id, position, event_type, reason, events)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        on conflict (name, build, tenant_id, aggregate_type, aggregate_id) do update
        set position = excluded.position, event_type = excluded.event_type, reason = excluded.reason,
            events = excluded.events
        "#,
        build.0,
        build.1,
        event.tenant().to_string(),
        event.stream.aggregate_type,
        event.stream.id,
        count(event.position),
        event.event_type,
        reason.to_string(),
        parking.events,
    )
    .execute(&mut *connection)
    .await?;
    mark_stale(connection, build, &event.stream, parking.keys.iter()).await
}

/// Notes that more events of parked streams wait.
pub(super) async fn add(
    connection: &mut PgConnection,
    build: (&str, i32),
    waiting: &HashMap<StreamId, Waiting>,
) -> Result<(), sqlx::Error> {
    for (stream, Waiting { events, keys }) in waiting {
        sqlx::query!(
            r#"
            update read_model_parked
            set events = events + $6
            where name = $1 and build = $2 and tenant_id = $3 and aggregate_type = $4 and aggregate_id = $5
            "#,
            build.0,
            build.1,
            stream.tenant.to_string(),
            stream.aggregate_type,
            stream.id,
            events,
        )
        .execute(&mut *connection)
        .await?;
        mark_stale(connection, build, stream, keys.iter()).await?;
    }
    Ok(())
}

/// A stream waits no longer, and the rows behind it are as they should be.
pub(super) async fn release(
    connection: &mut PgConnection,
    build: (&str, i32),
    stream: &StreamId,
) -> Result<(), sqlx::Error> {
    for table in ["read_model_parked", "read_model_stale"] {
        let sql = format!(
            "delete from {table} where name = $1 and build = $2 and tenant_id = $3 and aggregate_type = $4 \
             and aggregate_id = $5"
        );
        sqlx::query(&sql)
            .bind(build.0)
            .bind(build.1)
            .bind(stream.tenant.to_string())
            .bind(stream.aggregate_type)
            .bind(&stream.id)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

async fn mark_stale<'k>(
    connection: &mut PgConnection,
    (name, build): (&str, i32),
    stream: &StreamId,
    keys: impl Iterator<Item = &'k Vec<String>>,
) -> Result<(), sqlx::Error> {
    for key in keys {
        sqlx::query!(
            r#"
            insert into read_model_stale (name, build, tenant_id, key, aggregate_type, aggregate_id)
            values ($1, $2, $3, $4, $5, $6)
            on conflict do nothing
            "#,
            name,
            build,
            stream.tenant.to_string(),
            key,
            stream.aggregate_type,
            stream.id,
        )
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}
