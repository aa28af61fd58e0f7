//! A stored row becomes a recorded event again, or the reader stops and says where.

use std::borrow::Cow;

use domain::{Actor, Event, EventId, RecordedEvent, StreamId, TenantId};
use jiff::Timestamp;
use serde::Deserialize;
use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::error::ReadError;
use crate::vault::{Opened, Spot};

/// The columns of an event as they are stored, wherever they were read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StoredColumns<'a> {
    pub(crate) position: u64,
    pub(crate) tenant: &'a str,
    pub(crate) aggregate_type: &'a str,
    pub(crate) stored_id: &'a str,
    pub(crate) sequence: u64,
    pub(crate) event_id: &'a str,
    pub(crate) event_type: &'a str,
    pub(crate) version: &'a str,
    pub(crate) occurred_at: Timestamp,
    pub(crate) recorded_at: Timestamp,
    pub(crate) actor: &'a str,
    pub(crate) correlation_id: Option<&'a str>,
    pub(crate) causation_id: Option<&'a str>,
    pub(crate) payload: &'a str,
    pub(crate) hash: &'a [u8],
    pub(crate) metadata: &'a str,
}

/// Decodes a row of `events`; the columns are found by name once a page would cost more than it saves,
/// so they come in the order of [`super::read::COLUMNS`].
pub(crate) fn decode_row(row: &PgRow, opened: &Opened) -> Result<RecordedEvent, ReadError> {
    let number = |value: i64| u64::try_from(value).unwrap_or_default();
    let columns = StoredColumns {
        position: number(row.try_get(0)?),
        tenant: row.try_get(1)?,
        aggregate_type: row.try_get(2)?,
        stored_id: row.try_get(3)?,
        sequence: number(row.try_get(4)?),
        event_id: row.try_get(5)?,
        event_type: row.try_get(6)?,
        version: row.try_get(7)?,
        occurred_at: row.try_get::<jiff_sqlx::Timestamp, _>(8)?.to_jiff(),
        recorded_at: row.try_get::<jiff_sqlx::Timestamp, _>(9)?.to_jiff(),
        actor: row.try_get(10)?,
        correlation_id: row.try_get(11)?,
        causation_id: row.try_get(12)?,
        payload: row.try_get_unchecked(13)?,
        hash: row.try_get(14)?,
        metadata: row.try_get_unchecked(15)?,
    };
    decode(columns, opened)
}

/// Decodes the columns of an event.
pub(crate) fn decode(row: StoredColumns<'_>, opened: &Opened) -> Result<RecordedEvent, ReadError> {
    let position = row.position;
    let corrupt = |column: &'static str, value: &str| ReadError::Corrupt {
        position,
        column,
        value: value.to_owned(),
    };
    let tenant: TenantId = row.tenant.parse().map_err(|_| corrupt("tenant_id", row.tenant))?;
    let version: u16 = row
        .version
        .parse()
        .map_err(|_| corrupt("event_version", row.version))?;
    let spot = Spot {
        tenant: row.tenant,
        aggregate_type: row.aggregate_type,
        stored_id: row.stored_id,
        event_type: row.event_type,
        field: "",
    };
    let sealed = |source| ReadError::Sealed { position, source };
    let payload = opened.payload(spot, row.payload).map_err(sealed)?;
    let payload = payload.as_deref().unwrap_or(row.payload);
    let event = Event::decode(row.aggregate_type, row.event_type, version, payload)
        .map_err(|source| ReadError::Undecodable { position, source })?;
    let aggregate_type = Event::AGGREGATE_TYPES
        .iter()
        .find(|known| **known == row.aggregate_type)
        .ok_or_else(|| corrupt("aggregate_type", row.aggregate_type))?;
    let id = row
        .stored_id
        .split_once(':')
        .ok_or_else(|| corrupt("aggregate_id", row.stored_id))?
        .1;
    let event_id: EventId = row
        .event_id
        .parse()
        .map_err(|_| corrupt("event_id", row.event_id))?;
    let actor: Actor = row.actor.parse().map_err(|_| corrupt("actor", row.actor))?;
    let causation_id = match row.causation_id {
        Some(text) => Some(text.parse().map_err(|_| corrupt("causation_id", text))?),
        None => None,
    };
    let surroundings = Surroundings::of(row.metadata);
    let context = match surroundings.context {
        Some(text) => Some(text.parse().map_err(|_| corrupt("metadata", row.metadata))?),
        None => None,
    };
    Ok(RecordedEvent {
        position,
        event_id,
        stream: StreamId {
            aggregate_type,
            tenant,
            id: id.to_owned(),
        },
        sequence: row.sequence,
        event_type: row.event_type.to_owned(),
        version,
        occurred_at: row.occurred_at,
        recorded_at: row.recorded_at,
        actor,
        correlation_id: row.correlation_id.map(str::to_owned),
        causation_id,
        workspace: surroundings.workspace.map(Cow::into_owned),
        context,
        event,
        payload: payload.into(),
        hash: row.hash.try_into().map_err(|_| corrupt("hash", "not 32 bytes"))?,
    })
}

/// What metadata says of an event's surroundings.
#[derive(Default, Deserialize)]
struct Surroundings<'a> {
    #[serde(borrow)]
    workspace: Option<Cow<'a, str>>,
    #[serde(borrow)]
    context: Option<Cow<'a, str>>,
}

impl<'a> Surroundings<'a> {
    /// Most events have none: they are not parsed.
    fn of(metadata: &'a str) -> Self {
        // In a text quotes are escaped, so a source's name is no key.
        if metadata.contains("\"context\":") || metadata.contains("\"workspace\":") {
            return serde_json::from_str(metadata).unwrap_or_default();
        }
        Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::Surroundings;

    #[test]
    fn surroundings_are_found_whatever_a_source_calls_itself_and_old_events_have_none() {
        let of = |text: &'static str| {
            let found = Surroundings::of(text);
            (found.workspace.map(String::from), found.context.map(String::from))
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(of("{}"), (None, None));
        assert_eq!(of(r#"{"source":"crm","source_id":"7"}"#), (None, None));
        assert_eq!(of(r#"{"context":"01K"}"#), (None, some("01K")));
        assert_eq!(
            of(r#"{"source":"crm","source_id":"7","workspace":"w1","context":"01K"}"#),
            (some("w1"), some("01K"))
        );
        assert_eq!(
            of(r#"{"source":"crm","source_id":"\"context\":\"01K"}"#),
            (None, None)
        );
    }
}
