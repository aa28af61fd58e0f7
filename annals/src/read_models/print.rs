//! What `annals read-model` shows: lines for people, or JSON.

use projections::{Diff, Parked, Status, TenantStatus};
use serde::Serialize;
use serde_json::Value;

use crate::output::say;

/// For whom it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    People,
    Json,
}

impl From<bool> for Shape {
    /// From the flag `--json`.
    fn from(json: bool) -> Self {
        if json { Self::Json } else { Self::People }
    }
}

pub(super) fn print_all<T: Serialize>(
    items: &[T],
    shape: Shape,
    line: impl Fn(&T) -> String,
) -> anyhow::Result<()> {
    for item in items {
        match shape {
            Shape::People => say!("{}", line(item))?,
            Shape::Json => say!("{}", serde_json::to_string(item)?)?,
        }
    }
    Ok(())
}

pub(super) fn name(status: &Status) -> String {
    status.name.clone()
}

pub(super) fn status(status: &Status) -> String {
    let Status {
        name,
        build,
        version,
        position,
        lag_events,
        lag_ms,
        rate,
        parked,
        ..
    } = status;
    let mut line = format!(
        "{name:<14} at {position}, {lag_events} events ({lag_ms} ms) behind, {rate:.0} events/s, \
         build {build}, version {version}"
    );
    if *parked > 0 {
        line += &format!(", {parked} streams PARKED");
    }
    if !status.carried {
        line += ", carried by NOBODY";
    }
    for other in &status.builds {
        line += &format!(
            "\n{:<14} build {} is {}: at {}, {} rows",
            "",
            other.build,
            other.state.name(),
            other.position,
            other.rows
        );
    }
    line
}

pub(super) fn tenant_status(status: &TenantStatus) -> String {
    let TenantStatus {
        name,
        tenant,
        lag_events,
        lag_ms,
        parked,
    } = status;
    format!("{name:<14} {lag_events} events of tenant {tenant} behind ({lag_ms} ms), {parked} streams parked")
}

pub(super) fn parked(parked: &Parked) -> String {
    let Parked {
        name,
        stream,
        position,
        event_type,
        reason,
        events,
        ..
    } = parked;
    format!(
        "{name}: {}/{} of tenant {}: {events} events wait from {event_type} at position {position} on: {reason}",
        stream.aggregate_type, stream.id, stream.tenant
    )
}

pub(super) fn counts(diff: &Diff) -> String {
    format!(
        "at position {}: {} rows added, {} changed, {} gone",
        diff.position, diff.added, diff.changed, diff.gone
    )
}

pub(super) fn shown(value: Option<&Value>) -> String {
    value.map_or_else(|| "(none)".to_owned(), ToString::to_string)
}
