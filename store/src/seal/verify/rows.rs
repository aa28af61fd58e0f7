//! The rows of an export, hashed on all threads.

use std::borrow::Cow;
use std::num::NonZeroUsize;

use jiff::Timestamp;
use serde::Deserialize;

use super::answer::Invalid;
use crate::log::Content;
use crate::seal::leaf::Leaf;
use crate::seal::tree::Hash;

/// Refuses the event of a tenant whose tree it is not.
pub(super) fn owned(origin: &str, tenant: &str, position: u64) -> Result<(), Invalid> {
    if origin.rsplit_once('/').is_some_and(|(_, owner)| owner == tenant) {
        return Ok(());
    }
    Err(Invalid::OtherTenant {
        position,
        tenant: tenant.to_owned(),
        origin: origin.to_owned(),
    })
}

/// What is wrong with a line of a part.
pub(super) struct Problem {
    line: u64,
    what: Wrong,
}

enum Wrong {
    /// The file ends in it.
    Cut,
    NoEvent(String),
    Invalid(Invalid),
}

impl Problem {
    /// Where it is in the file, behind so many lines.
    pub(super) fn at(self, before: u64, of: u64) -> Invalid {
        match self.what {
            Wrong::Cut => Invalid::Truncated {
                events: before + self.line - 2,
                of,
            },
            Wrong::NoEvent(reason) => Invalid::Line {
                line: before + self.line,
                reason,
            },
            Wrong::Invalid(invalid) => invalid,
        }
    }
}

/// How many lines a part has, and the positions and leaves of its events.
pub(super) type Part = (u64, Result<Vec<(u64, Hash)>, Problem>);

/// Hashes the lines on all threads; the parts come in their order.
pub(super) fn check_all(block: &[u8], origin: &str, threads: NonZeroUsize) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = block;
    for left in (1..=threads.get()).rev() {
        let about = rest.len() / left;
        let end = rest[about..].iter().position(|byte| *byte == b'\n');
        let (part, after) = rest.split_at(end.map_or(rest.len(), |end| about + end + 1));
        parts.push(part);
        rest = after;
    }
    std::thread::scope(|scope| {
        let handles: Vec<_> = parts
            .into_iter()
            .map(|part| scope.spawn(move || check(part, origin)))
            .collect();
        let joined = handles.into_iter().map(|handle| handle.join());
        joined
            .map(|part| part.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}

fn check(part: &[u8], origin: &str) -> Part {
    let mut checked = Vec::new();
    let mut lines = 0;
    for line in part.split_inclusive(|byte| *byte == b'\n') {
        lines += 1;
        match check_line(line, origin) {
            Ok(event) => checked.push(event),
            Err(what) => return (lines, Err(Problem { line: lines, what })),
        }
    }
    (lines, Ok(checked))
}

/// An event's row, with what of it needs no copy left where it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row<'a> {
    position: u64,
    #[serde(borrow)]
    tenant_id: Cow<'a, str>,
    #[serde(borrow)]
    aggregate_type: Cow<'a, str>,
    #[serde(borrow)]
    aggregate_id: Cow<'a, str>,
    sequence: u64,
    #[serde(borrow)]
    event_id: Cow<'a, str>,
    #[serde(borrow)]
    event_type: Cow<'a, str>,
    #[serde(borrow)]
    event_version: Cow<'a, str>,
    occurred_at: Timestamp,
    recorded_at: Timestamp,
    #[serde(borrow)]
    actor: Cow<'a, str>,
    correlation_id: Option<String>,
    causation_id: Option<String>,
    #[serde(borrow)]
    payload: Cow<'a, str>,
    #[serde(borrow)]
    metadata: Cow<'a, str>,
    #[serde(with = "hex::serde")]
    hash: Hash,
}

fn check_line(line: &[u8], origin: &str) -> Result<(u64, Hash), Wrong> {
    let row: Row<'_> = serde_json::from_slice(line).map_err(|error| match error.is_eof() {
        true => Wrong::Cut,
        false => Wrong::NoEvent(error.to_string()),
    })?;
    let position = row.position;
    owned(origin, &row.tenant_id, position).map_err(Wrong::Invalid)?;
    let content = Content {
        tenant: &row.tenant_id,
        aggregate_type: &row.aggregate_type,
        stored_id: &row.aggregate_id,
        event_id: &row.event_id,
        event_type: &row.event_type,
        version: &row.event_version,
        occurred_at: row.occurred_at,
        actor: &row.actor,
        correlation_id: row.correlation_id.as_deref(),
        causation_id: row.causation_id.as_deref(),
        metadata: &row.metadata,
        payload: &row.payload,
    }
    .hash();
    if content != row.hash {
        return Err(Wrong::Invalid(Invalid::Changed { position }));
    }
    let leaf = Leaf {
        position,
        sequence: row.sequence,
        recorded_at: row.recorded_at,
        content,
    };
    Ok((position, leaf.hash()))
}
