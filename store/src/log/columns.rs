//! The events of a batch as the arrays that both of the log's functions take.

use jiff_sqlx::{Timestamp as SqlTimestamp, ToSqlx};

use super::write::Sealed;

/// A column each, an element an event, in the order of the writes.
#[derive(Default)]
pub(super) struct EventColumns<'a> {
    pub(super) tenants: Vec<&'a str>,
    pub(super) types: Vec<&'a str>,
    pub(super) ids: Vec<&'a str>,
    pub(super) event_ids: Vec<&'a str>,
    pub(super) event_types: Vec<&'a str>,
    pub(super) versions: Vec<&'a str>,
    pub(super) occurred_at: Vec<SqlTimestamp>,
    pub(super) actors: Vec<&'a str>,
    pub(super) correlation_ids: Vec<Option<&'a str>>,
    pub(super) causation_ids: Vec<Option<&'a str>>,
    pub(super) payloads: Vec<&'a str>,
    pub(super) metadata: Vec<&'a str>,
    pub(super) hashes: Vec<&'a [u8]>,
}

impl<'a> EventColumns<'a> {
    pub(super) fn of(writes: &[&'a Sealed]) -> Self {
        let events = writes.iter().map(|sealed| sealed.write.events.len()).sum();
        let mut columns = Self::with_capacity(events);
        for Sealed { write, hashes } in writes {
            for (event, hash) in write.events.iter().zip(hashes) {
                columns.tenants.push(write.tenant_text());
                columns.types.push(write.aggregate_type);
                columns.ids.push(&write.stored_id);
                columns.event_ids.push(&event.event_id);
                columns.event_types.push(&event.event_type);
                columns.versions.push(&event.version);
                columns.occurred_at.push(event.occurred_at.to_sqlx());
                columns.actors.push(&event.actor);
                columns.correlation_ids.push(event.correlation_id.as_deref());
                columns.causation_ids.push(event.causation_id.as_deref());
                columns.payloads.push(&event.payload);
                columns.metadata.push(&event.metadata);
                columns.hashes.push(hash);
            }
        }
        columns
    }

    fn with_capacity(events: usize) -> Self {
        Self {
            tenants: Vec::with_capacity(events),
            types: Vec::with_capacity(events),
            ids: Vec::with_capacity(events),
            event_ids: Vec::with_capacity(events),
            event_types: Vec::with_capacity(events),
            versions: Vec::with_capacity(events),
            occurred_at: Vec::with_capacity(events),
            actors: Vec::with_capacity(events),
            correlation_ids: Vec::with_capacity(events),
            causation_ids: Vec::with_capacity(events),
            payloads: Vec::with_capacity(events),
            metadata: Vec::with_capacity(events),
            hashes: Vec::with_capacity(events),
        }
    }
}
