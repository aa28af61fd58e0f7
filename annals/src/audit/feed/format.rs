//! How entries are written: as CSV, as NDJSON or in OCSF.

use std::io::Write;
use std::str::FromStr;

use clap::ValueEnum;
use domain::Actor;
use projections::Change;
use projections::audit_feed::Outcome;
use serde_json::{Value, json};
use streams::{OcsfSource, csv_record};

use super::pages::{FeedError, Told};

/// How entries are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Comma-separated values (RFC 4180), with a header
    Csv,
    /// One JSON object a line
    Ndjson,
    /// One OCSF 1.8 event a line: API Activity or Entity Management
    Ocsf,
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        ValueEnum::from_str(text, false).map_err(|_| format!("{text:?} is none of csv, ndjson and ocsf"))
    }
}

/// Whether the values before and after are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Changes {
    Told,
    LeftOut,
}

impl Format {
    pub(super) const fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Ndjson | Self::Ocsf => "ndjson",
        }
    }

    pub(super) const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Ndjson | Self::Ocsf => "application/x-ndjson",
        }
    }

    /// Writes what comes before the first entry.
    pub(super) fn begin(self, out: &mut impl Write, changes: Changes) -> Result<(), FeedError> {
        if self == Self::Csv {
            let more = (changes == Changes::Told).then_some("changes");
            csv_record(out, HEADER.iter().copied().chain(more))?;
        }
        Ok(())
    }

    /// Writes an entry.
    pub(super) fn write(self, out: &mut impl Write, told: &Told, changes: Changes) -> Result<(), FeedError> {
        let changed = match changes {
            Changes::Told => Some(told.changes.as_deref().map_or(Value::Null, listed)),
            Changes::LeftOut => None,
        };
        let line = match self {
            Self::Csv => return csv(out, told, changed.as_ref()),
            Self::Ndjson => ndjson(told, changed)?,
            Self::Ocsf => ocsf(told, changed),
        };
        serde_json::to_writer(&mut *out, &line)?;
        Ok(out.write_all(b"\n")?)
    }
}

fn listed(changes: &[Change]) -> Value {
    let change = |change: &Change| json!({ "pointer": change.pointer, "before": change.before, "after": change.after });
    changes.iter().map(change).collect()
}

const HEADER: &[&str] = &[
    "position",
    "event_id",
    "occurred_at",
    "recorded_at",
    "actor_kind",
    "actor_id",
    "action",
    "outcome",
    "entity_type",
    "entity_id",
    "correlation_id",
    "causation_id",
    "payload",
    "workspace_id",
    "address",
    "user_agent",
];

fn outcome(told: &Told) -> &'static str {
    match Outcome::of(&told.entry.action) {
        Outcome::Succeeded => "succeeded",
        Outcome::Denied => "denied",
        Outcome::Refused => "refused",
    }
}

fn ocsf(told: &Told, changes: Option<Value>) -> Value {
    let (entry, means) = (&told.entry, &told.means);
    let mut line = streams::ocsf(&OcsfSource {
        tenant: entry.tenant_id,
        position: entry.position,
        event_id: &entry.event_id,
        event_type: &entry.action,
        entity: (&entry.entity_type, &entry.entity_id),
        actor: &Actor::new(entry.actor_kind, entry.actor_id.clone()),
        occurred_at: entry.occurred_at,
        recorded_at: entry.recorded_at,
        correlation_id: entry.correlation_id.as_deref(),
        payload: &entry.payload,
        address: means.address.as_deref(),
        user_agent: means.user_agent.as_deref(),
    });
    if let Some(changes) = changes {
        line["unmapped"] = json!({ "changes": changes });
    }
    line
}

fn ndjson(told: &Told, changes: Option<Value>) -> Result<Value, FeedError> {
    let (entry, means) = (&told.entry, &told.means);
    let mut line = serde_json::to_value(entry)?;
    line["outcome"] = outcome(told).into();
    line["address"] = means.address.clone().into();
    line["user_agent"] = means.user_agent.clone().into();
    line["payload"] = serde_json::from_str(&entry.payload)?;
    if let Some(changes) = changes {
        line["changes"] = changes;
    }
    Ok(line)
}

fn csv(out: &mut impl Write, told: &Told, changes: Option<&Value>) -> Result<(), FeedError> {
    let (entry, means) = (&told.entry, &told.means);
    let (position, occurred, recorded) = (
        entry.position.to_string(),
        entry.occurred_at.to_string(),
        entry.recorded_at.to_string(),
    );
    let kind = entry.actor_kind.to_string();
    let changes = changes.map(|changes| match changes {
        Value::Null => String::new(),
        some => some.to_string(),
    });
    let fields = [
        &position,
        &entry.event_id,
        &occurred,
        &recorded,
        &kind,
        &entry.actor_id,
        &entry.action,
        outcome(told),
        &entry.entity_type,
        &entry.entity_id,
        entry.correlation_id.as_deref().unwrap_or_default(),
        entry.causation_id.as_deref().unwrap_or_default(),
        &entry.payload,
        entry.workspace_id.as_deref().unwrap_or_default(),
        means.address.as_deref().unwrap_or_default(),
        means.user_agent.as_deref().unwrap_or_default(),
    ];
    Ok(csv_record(out, fields.into_iter().chain(changes.as_deref()))?)
}
