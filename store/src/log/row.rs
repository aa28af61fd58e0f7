//! A stored row becomes a recorded event again, or the reader stops and says where.

use domain::{Actor, Event, EventId, RecordedEvent, StreamId, TenantId};
use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::error::ReadError;

/// Decodes a row of `events`; the columns are found by name once a page would cost more than it saves,
/// so they come in the order of [`super::read::COLUMNS`].
pub(crate) fn decode_row(row: &PgRow) -> Result<RecordedEvent, ReadError> {
    let position = u64::try_from(row.try_get::<i64, _>(0)?).unwrap_or_default();
    let corrupt = |column: &'static str, value: &str| ReadError::Corrupt {
        position,
        column,
        value: value.to_owned(),
    };

    let tenant_text: &str = row.try_get(1)?;
    let tenant: TenantId = tenant_text
        .parse()
        .map_err(|_| corrupt("tenant_id", tenant_text))?;
    let aggregate_type: &str = row.try_get(2)?;
    let stored_id: &str = row.try_get(3)?;
    let event_type: &str = row.try_get(6)?;
    let version_text: &str = row.try_get(7)?;
    let version: u16 = version_text
        .parse()
        .map_err(|_| corrupt("event_version", version_text))?;
    let payload: &str = row.try_get_unchecked(13)?;
    let event = Event::decode(aggregate_type, event_type, version, payload)
        .map_err(|source| ReadError::Undecodable { position, source })?;
    let aggregate_type = Event::AGGREGATE_TYPES
        .iter()
        .find(|known| **known == aggregate_type)
        .ok_or_else(|| corrupt("aggregate_type", aggregate_type))?;
    let id = stored_id
        .split_once(':')
        .ok_or_else(|| corrupt("aggregate_id", stored_id))?
        .1;

    let event_id_text: &str = row.try_get(5)?;
    let event_id: EventId = event_id_text
        .parse()
        .map_err(|_| corrupt("event_id", event_id_text))?;
    let actor_text: &str = row.try_get(10)?;
    let actor: Actor = actor_text.parse().map_err(|_| corrupt("actor", actor_text))?;
    let causation_id = match row.try_get::<Option<&str>, _>(12)? {
        Some(text) => Some(text.parse().map_err(|_| corrupt("causation_id", text))?),
        None => None,
    };
    let hash: &[u8] = row.try_get(14)?;
    Ok(RecordedEvent {
        position,
        event_id,
        stream: StreamId {
            aggregate_type,
            tenant,
            id: id.to_owned(),
        },
        sequence: u64::try_from(row.try_get::<i64, _>(4)?).unwrap_or_default(),
        event_type: event_type.to_owned(),
        version,
        occurred_at: row.try_get::<jiff_sqlx::Timestamp, _>(8)?.to_jiff(),
        recorded_at: row.try_get::<jiff_sqlx::Timestamp, _>(9)?.to_jiff(),
        actor,
        correlation_id: row.try_get(11)?,
        causation_id,
        event,
        payload: payload.into(),
        hash: hash.try_into().map_err(|_| corrupt("hash", "not 32 bytes"))?,
    })
}
