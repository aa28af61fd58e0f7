//! An aggregate's event becomes a row to append.

use domain::{Caller, StoredEvent};
use jiff::Timestamp;
use serde::Serialize;

use super::Key;
use crate::ambient::{Ambient, to_micros};
use crate::error::Rejection;
use crate::log::NewEvent;

/// The metadata of what came under a key.
#[derive(Serialize)]
struct Origin<'a> {
    source: &'a str,
    source_id: &'a str,
}

/// Puts an event into its envelope: who, when, because of what.
pub(super) fn new_event<E: StoredEvent>(
    ambient: &Ambient,
    caller: &Caller,
    at: Timestamp,
    key: Option<&Key>,
    event: &E,
) -> Result<NewEvent, Rejection> {
    let broken = |error: serde_json::Error| Rejection::Broken {
        reason: error.to_string(),
    };
    let metadata = match key {
        Some(key) => serde_json::to_string(&Origin {
            source: &key.source,
            source_id: &key.id,
        })
        .map_err(broken)?,
        None => "{}".to_owned(),
    };
    Ok(NewEvent {
        event_id: ambient.fresh_id().to_string(),
        event_type: event.event_type(),
        version: event.event_version(),
        occurred_at: to_micros(at),
        actor: caller.actor.to_string(),
        correlation_id: caller.correlation_id.clone(),
        causation_id: caller.causation_id.map(|id| id.to_string()),
        payload: serde_json::to_string(event).map_err(broken)?,
        metadata,
    })
}
