//! An aggregate's event becomes a row to append.

use domain::{Caller, StoredEvent};
use jiff::Timestamp;
use serde::Serialize;

use super::Key;
use crate::ambient::{Ambient, to_micros};
use crate::error::Rejection;
use crate::log::NewEvent;

/// The metadata: under which key it came, and the event that tells by what means its actor did. `log::row` reads
/// it again.
#[derive(Serialize)]
struct Metadata<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    workspace: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<String>,
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
    let metadata = match (key, &caller.workspace, caller.context) {
        (None, None, None) => "{}".to_owned(),
        (key, workspace, context) => serde_json::to_string(&Metadata {
            source: key.map(|key| key.source.as_str()),
            source_id: key.map(|key| key.id.as_str()),
            workspace: workspace.as_deref(),
            context: context.map(|id| id.to_string()),
        })
        .map_err(broken)?,
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
