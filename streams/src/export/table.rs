//! An event as columns: the CloudEvent's attributes by their names, and its data.

use crate::CloudEvent;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Text.
    Text,
    /// JSON.
    Json,
    /// A whole number.
    Number,
    /// A moment in UTC, in microseconds.
    Moment,
}

/// A column of the table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// Whether each event has a value.
    pub(super) is_always: bool,
}

const fn column(name: &'static str, kind: Kind) -> Column {
    Column {
        name,
        kind,
        is_always: true,
    }
}

const fn optional(name: &'static str) -> Column {
    Column {
        name,
        kind: Kind::Text,
        is_always: false,
    }
}

/// The columns, in order.
pub(super) const COLUMNS: [Column; 15] = [
    column("sequence", Kind::Number),
    column("id", Kind::Text),
    column("type", Kind::Text),
    column("subject", Kind::Text),
    column("time", Kind::Moment),
    column("recordedtime", Kind::Moment),
    column("tenant", Kind::Text),
    column("source", Kind::Text),
    column("streamsequence", Kind::Number),
    column("dataschema", Kind::Text),
    column("dataversion", Kind::Number),
    optional("correlationid"),
    optional("causationid"),
    column("cursor", Kind::Text),
    column("data", Kind::Json),
];

/// An event's values as texts, in the order of [`COLUMNS`]; numbers without leading zeros.
pub(super) fn values(event: &CloudEvent<'_>) -> [Option<String>; 15] {
    [
        Some(event.sequence.trim_start_matches('0').to_owned()),
        Some(event.id.clone()),
        Some(event.kind.clone()),
        Some(event.subject.clone()),
        Some(event.time.to_string()),
        Some(event.recordedtime.to_string()),
        Some(event.tenant.clone()),
        Some(event.source.clone()),
        Some(event.streamsequence.clone()),
        Some(event.dataschema.clone()),
        Some(event.dataversion.clone()),
        event.correlationid.map(str::to_owned),
        event.causationid.clone(),
        Some(event.cursor.clone()),
        Some(event.data.get().to_owned()),
    ]
}
