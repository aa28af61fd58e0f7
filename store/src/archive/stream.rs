//! A stream whose first events are not in the log: it is read whole from what is kept at hand, or not at all,
//! since nothing may be decided on half of it.

use cqrs_es::persist::{PersistedEventRepository as _, PersistenceError, SerializedEvent};
use domain::StreamId;
use postgres_es::PostgresEventRepository;
use sqlx::PgPool;

use super::note::{Archives, noted};
use crate::error::ReadError;

/// How often a stream is looked at before it is said to be archived.
const TRIES: u32 = 3;

/// The stream's rows from its first on, given those that were found in the log; none, if it is new.
pub(crate) async fn whole_stream<A: cqrs_es::Aggregate>(
    streams: (&PostgresEventRepository, &PgPool),
    stream: &StreamId,
    mut found: Vec<SerializedEvent>,
) -> Result<Vec<SerializedEvent>, PersistenceError> {
    if found.first().is_some_and(|row| row.sequence == 1) {
        return Ok(found);
    }
    let unreadable = |error: ReadError| PersistenceError::DeserializationError(Box::new(error));
    // A stream may begin, grow or come back between the two questions.
    for _ in 0..TRIES {
        let (mut whole, version) = kept(streams.1, stream)
            .await
            .map_err(|error| unreadable(error.into()))?;
        let missing = found.first().map_or(version, |row| row.sequence - 1);
        if whole.len() >= missing {
            whole.truncate(missing);
            whole.extend(found);
            return Ok(whole);
        }
        found = streams.0.get_events::<A>(&stream.stored_id()).await?;
        if found.first().is_some_and(|row| row.sequence == 1) {
            return Ok(found);
        }
    }
    let mut archives = noted(streams.1).await.map_err(|error| unreadable(error.into()))?;
    archives.retain(|archive| archive.mounted_at.is_none());
    Err(unreadable(ReadError::ArchivedStream {
        stream: stream.clone(),
        archives: Archives(archives),
    }))
}

/// What is kept of a stream, and how many events it has in all.
async fn kept(pool: &PgPool, stream: &StreamId) -> Result<(Vec<SerializedEvent>, usize), sqlx::Error> {
    let stored_id = stream.stored_id();
    let rows = sqlx::query!(
        r#"
        select sequence, event_type, event_version, payload, metadata
        from events_kept
        where aggregate_type = $1 and aggregate_id = $2
        order by sequence
        "#,
        stream.aggregate_type,
        stored_id
    )
    .fetch_all(pool)
    .await?;
    let version = sqlx::query_scalar!(
        "select version from streams where aggregate_type = $1 and aggregate_id = $2",
        stream.aggregate_type,
        stored_id
    )
    .fetch_optional(pool)
    .await?;
    let number = |value: i64| usize::try_from(value).unwrap_or_default();
    let rows = rows.into_iter().map(|row| SerializedEvent {
        aggregate_id: stored_id.clone(),
        sequence: number(row.sequence),
        aggregate_type: stream.aggregate_type.to_owned(),
        event_type: row.event_type,
        event_version: row.event_version,
        payload: row.payload,
        metadata: row.metadata,
    });
    Ok((rows.collect(), version.map_or(0, number)))
}
