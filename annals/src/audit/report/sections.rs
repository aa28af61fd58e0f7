//! The parts of a report.

use std::collections::BTreeMap;

use domain::{RecordedEvent, TenantId};
use jiff::Timestamp;
use serde_json::Value;
use store::{Audited, CheckpointSummary, SealError, SignedCheckpoint};

use super::access::{shown, text};
use super::operators;
use super::period::Period;
use crate::told::VERIFY;
use api::paper::{Align, Paper};

pub(super) fn about(paper: &mut Paper, tenant: TenantId, period: Period, now: Timestamp, events: u64) {
    paper.text(format!(
        "Tenant {tenant}, from {} to {} (UTC, by the time at which events were recorded). Made at {}.",
        shown(period.from),
        shown(period.before),
        shown(now)
    ));
    paper.text(format!("{events} events were recorded in the period."));
}

/// A table, or a sentence that there is nothing in it.
pub(super) fn listed(
    paper: &mut Paper,
    columns: &[(&str, Align, u32)],
    rows: Vec<Vec<String>>,
    nothing: &str,
) {
    if rows.is_empty() {
        paper.text(nothing);
    } else {
        paper.table(columns, rows);
    }
}

pub(super) fn role_changes(paper: &mut Paper, events: &[RecordedEvent]) {
    paper.heading("Changes of roles and keys");
    let rows = events
        .iter()
        .filter(|event| matches!(event.stream.aggregate_type, "member" | "api_key"))
        .map(|event| {
            let payload = event.event.encode();
            let (_, kind) = event.event_type.split_once('.').unwrap_or_default();
            let of = |field: &str| text(&payload, &format!("/{kind}/{field}"));
            let (before, after) = match kind {
                "invited" | "joined" => (String::new(), of("role")),
                "role_changed" => (of("previous"), of("role")),
                "removed" => (of("previous"), String::new()),
                "issued" => (String::new(), of("scopes")),
                _ => (String::new(), of("reason")),
            };
            vec![
                shown(event.recorded_at),
                event.actor.to_string(),
                event.event_type.clone(),
                event.stream.id.clone(),
                before,
                after,
            ]
        });
    let columns = [
        ("When", Align::Left, 3),
        ("By", Align::Left, 3),
        ("What", Align::Left, 3),
        ("Whose", Align::Left, 3),
        ("Before", Align::Left, 2),
        ("After", Align::Left, 3),
    ];
    listed(paper, &columns, rows.collect(), "None was changed.");
}

/// Who was turned away at the door, and whose commands the rules refused.
pub(super) fn failed_sign_ins(paper: &mut Paper, events: &[RecordedEvent]) {
    paper.heading("Failed sign-ins, denials and refusals");
    let mut told: BTreeMap<[String; 4], u64> = BTreeMap::new();
    for event in events {
        let payload = event.event.encode();
        let (kind, why, asked) = match event.event_type.as_str() {
            "access.denied" => ("denied", "reason", "asked"),
            "access.refused" if !operators::is_one(event) => ("refused", "code", "command"),
            _ => continue,
        };
        let of = |field: &str| text(&payload, &format!("/{kind}/{field}"));
        let key = [event.actor.to_string(), of("address"), of(why), of(asked)];
        *told.entry(key).or_default() += of("attempts").parse().unwrap_or(1);
    }
    let rows = told.into_iter().map(|(key, attempts)| {
        let mut row = key.to_vec();
        row.push(attempts.to_string());
        row
    });
    let columns = [
        ("Who", Align::Left, 4),
        ("Address", Align::Left, 3),
        ("Why", Align::Left, 3),
        ("Asked for", Align::Left, 3),
        ("Times", Align::Right, 1),
    ];
    listed(paper, &columns, rows.collect(), "Nobody was turned away.");
}

pub(super) fn sensitive(paper: &mut Paper, events: &[RecordedEvent]) {
    paper.heading("Exports and reads of sensitive data");
    let rows = events
        .iter()
        .filter(|event| event.event_type == "access.read")
        .map(|event| {
            let payload = event.event.encode();
            let of = |field: &str| text(&payload, &format!("/read/{field}"));
            vec![
                shown(event.recorded_at),
                event.actor.to_string(),
                of("what"),
                of("targets"),
                of("reads"),
            ]
        });
    let columns = [
        ("When", Align::Left, 3),
        ("Who", Align::Left, 4),
        ("What", Align::Left, 3),
        ("Of what", Align::Left, 4),
        ("Times", Align::Right, 1),
    ];
    listed(paper, &columns, rows.collect(), "None was recorded.");
}

pub(super) fn erasures(paper: &mut Paper, events: &[RecordedEvent]) {
    paper.heading("Erasures and retention");
    let rows = events
        .iter()
        .filter(|event| {
            let (family, _) = event.event_type.split_once('.').unwrap_or_default();
            matches!(family, "subject" | "retention")
        })
        .map(|event| {
            vec![
                shown(event.recorded_at),
                event.actor.to_string(),
                event.event_type.clone(),
                event.stream.id.clone(),
            ]
        });
    let columns = [
        ("When", Align::Left, 3),
        ("By", Align::Left, 4),
        ("What", Align::Left, 3),
        ("Whose", Align::Left, 4),
    ];
    listed(paper, &columns, rows.collect(), "Nothing was erased.");
}

/// The checkpoints that were signed in the period, and the newest of all.
pub(super) fn checkpoints(paper: &mut Paper, signed: &CheckpointSummary, newest: Option<&SignedCheckpoint>) {
    paper.heading("Checkpoints");
    match (&signed.first, &signed.last) {
        (Some(first), Some(last)) => {
            paper.text(format!(
                "{} checkpoints were signed in the period: from {} events (up to position {}, at {}) to {} events (up to \
                 position {}, at {}).",
                signed.count,
                first.size,
                first.position,
                shown(first.sealed_at),
                last.size,
                last.position,
                shown(last.sealed_at)
            ));
            let rows = signed.gaps.iter().map(|gap| {
                vec![
                    shown(gap.after),
                    shown(gap.until),
                    gap.events.to_string(),
                    gap.longest_wait.as_secs().to_string(),
                ]
            });
            let columns = [
                ("No checkpoint after", Align::Left, 3),
                ("Until", Align::Left, 3),
                ("Events sealed then", Align::Right, 2),
                ("Seconds the first of them waited", Align::Right, 2),
            ];
            listed(
                paper,
                &columns,
                rows.collect(),
                "There was no gap: no event waited for longer than a minute to be sealed.",
            );
        }
        _ => paper.text("None was signed in the period."),
    }
    let Some(signed) = newest else {
        paper.text("Nothing of this tenant was sealed yet.");
        return;
    };
    paper.text(format!(
        "The newest checkpoint covers {} events up to position {} and was signed at {} (UTC). Keep it: whoever has it can \
         prove that nothing before it was changed.",
        signed.checkpoint.size,
        signed.position,
        shown(signed.sealed_at)
    ));
    let lines = signed.note.lines().filter(|line| !line.is_empty());
    paper.table(
        &[("The signed note", Align::Left, 1)],
        lines.map(|line| vec![line.to_owned()]).collect(),
    );
}

/// The verifications of the period as they were told, and the one that is made now.
pub(super) fn verification(
    paper: &mut Paper,
    events: &[RecordedEvent],
    audited: Result<&Audited, &SealError>,
) {
    paper.heading("Verification");
    let rows = events.iter().filter_map(|event| {
        let payload = event.event.encode();
        let of = |pointer: &str| text(&payload, pointer);
        let is_one = event.event_type == "access.operated" && of("/operated/command") == VERIFY;
        is_one.then(|| {
            let found = payload.pointer("/operated/findings").and_then(Value::as_array);
            let found: Vec<&str> = found.into_iter().flatten().filter_map(Value::as_str).collect();
            let result = match found.is_empty() {
                true => "nothing was found".to_owned(),
                false => found.join("; "),
            };
            let (against, account) = (of("/operated/targets"), of("/operated/operator"));
            vec![shown(event.recorded_at), account, against, result]
        })
    });
    let columns = [
        ("Verified at", Align::Left, 3),
        ("Account", Align::Left, 2),
        ("Against", Align::Left, 2),
        ("Result", Align::Left, 7),
    ];
    listed(
        paper,
        &columns,
        rows.collect(),
        "The log was not verified in the period.",
    );
    let audited = match audited {
        Ok(audited) => audited,
        Err(error) => {
            paper.text(format!("The log could not be verified: {error}."));
            return;
        }
    };
    paper.text(format!(
        "When this report was made, {} events were held against the tree, and {} checkpoints were verified; {} events were \
         not sealed yet, {} are in archives and were not looked at.",
        audited.events, audited.checkpoints, audited.unsealed, audited.archived
    ));
    let found = audited
        .findings
        .iter()
        .map(|finding| vec![finding.trace.to_string()]);
    listed(
        paper,
        &[("Finding", Align::Left, 1)],
        found.collect(),
        "Nothing was found: the log is what was signed.",
    );
}
