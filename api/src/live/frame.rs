//! A response as it is sent, serialised once for everybody.

use async_graphql::Response;

use super::course::{Kind, Place};
use crate::graphql::kit::Cursor;
use domain::TenantId;

/// One response.
#[derive(Debug)]
pub(crate) struct Frame {
    /// Everything up to here was told, with this frame.
    pub(crate) position: u64,
    pub(crate) kind: Kind,
    /// The position as clients give it back.
    pub(crate) cursor: String,
    /// The response as JSON.
    pub(crate) payload: String,
    /// The errors alone as JSON, when there is no data: the subscription is over.
    pub(crate) failed: Option<String>,
}

impl Frame {
    /// The frame of a response at a place in a tenant's log; before the first place, only errors come.
    pub(crate) fn of(response: &Response, place: Option<Place>, tenant: Option<TenantId>) -> Self {
        let has_failed = response.data == async_graphql::Value::Null && !response.errors.is_empty();
        let cursor = match (place, tenant) {
            (Some(place), Some(tenant)) => Cursor::at(tenant, place.position).encode(),
            _ => String::new(),
        };
        Self {
            position: place.map_or(0, |place| place.position),
            kind: place.map_or(Kind::Event, |place| place.kind),
            cursor,
            payload: json(response),
            failed: has_failed.then(|| json(&response.errors)),
        }
    }

    /// Whether who was told everything up to a position still has to be told this.
    pub(crate) fn is_news_after(&self, position: u64) -> bool {
        match self.kind {
            Kind::Event => self.position > position,
            // What is at a position may have been looked at before or after somebody else looked.
            Kind::State | Kind::Sign(_) => self.position >= position,
        }
    }
}

/// Names and values of GraphQL always have a JSON form.
fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
