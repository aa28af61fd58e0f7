//! Given what happened, when something is asked, then this follows.

use super::{Command, ConnectorSync, Event, Refusal};
use crate::given::{at, when};

const STARTED_AT: &str = "2026-01-05T09:00:00Z";
const LATER: &str = "2026-01-05T09:00:01.5Z";

fn started() -> Event {
    Event::Started {
        connector: "crm-export".to_owned(),
        source: "opportunities.csv".to_owned(),
        started_at: at(STARTED_AT),
    }
}

fn progressed(records: u64) -> Event {
    Event::Progressed {
        connector: "crm-export".to_owned(),
        records,
        cursor: Some("row:100".to_owned()),
    }
}

fn record_rejected() -> Event {
    Event::RecordRejected {
        connector: "crm-export".to_owned(),
        row: 17,
        column: Some("close_value".to_owned()),
        value: Some("12,0x".to_owned()),
        reason: "it is not a number".to_owned(),
    }
}

fn completed() -> Event {
    Event::Completed {
        connector: "crm-export".to_owned(),
        recorded: 97,
        known: 2,
        rejected: 1,
        cursor: Some("row:100".to_owned()),
        started_at: at(STARTED_AT),
        duration_ms: 1500,
    }
}

fn failed() -> Event {
    Event::Failed {
        connector: "crm-export".to_owned(),
        reason: "the file is gone".to_owned(),
        started_at: at(STARTED_AT),
        duration_ms: 1500,
    }
}

fn progress(records: u64) -> Command {
    Command::Progress {
        records,
        cursor: Some("row:100".to_owned()),
    }
}

fn reject() -> Command {
    Command::RejectRecord {
        row: 17,
        column: Some("close_value".to_owned()),
        value: Some("12,0x".to_owned()),
        reason: "it is not a number".to_owned(),
    }
}

fn complete() -> Command {
    Command::Complete {
        recorded: 97,
        known: 2,
        rejected: 1,
        cursor: Some("row:100".to_owned()),
    }
}

fn fail() -> Command {
    Command::Fail {
        reason: "the file is gone".to_owned(),
    }
}

/// One of each event, for the committed snapshots.
pub(crate) fn examples() -> Vec<Event> {
    vec![
        started(),
        progressed(100),
        record_rejected(),
        completed(),
        failed(),
    ]
}

#[test]
fn a_sync_is_started_once_and_says_what_it_reads() {
    let start = |source: &str| Command::Start {
        connector: "crm-export".to_owned(),
        source: source.to_owned(),
    };
    when::<ConnectorSync>(vec![], STARTED_AT, start("opportunities.csv")).then_expect_events(vec![started()]);
    when::<ConnectorSync>(vec![started()], LATER, start("opportunities.csv"))
        .then_expect_error(Refusal::AlreadyStarted);
    when::<ConnectorSync>(vec![], LATER, start("")).then_expect_error_message("source: must not be empty");
}

#[test]
fn progress_goes_forwards_or_stands_but_not_back() {
    let given = || vec![started(), progressed(100)];
    when::<ConnectorSync>(given(), LATER, progress(200)).then_expect_events(vec![progressed(200)]);
    when::<ConnectorSync>(given(), LATER, progress(100)).then_expect_events(vec![progressed(100)]);
    when::<ConnectorSync>(given(), LATER, progress(99))
        .then_expect_error_message("records: 99 are fewer than the 100 of before");
}

#[test]
fn a_rejected_record_names_row_column_and_value_and_the_sync_goes_on() {
    when::<ConnectorSync>(vec![started()], LATER, reject()).then_expect_events(vec![record_rejected()]);
    when::<ConnectorSync>(vec![started(), record_rejected()], LATER, complete())
        .then_expect_events(vec![completed()]);
}

#[test]
fn a_failure_repeats_the_start_and_says_how_long_it_took() {
    when::<ConnectorSync>(vec![started(), progressed(100)], LATER, fail()).then_expect_events(vec![failed()]);
}

#[test]
fn a_finished_sync_takes_nothing_more() {
    for command in [progress(200), reject(), complete(), fail()] {
        when::<ConnectorSync>(vec![started(), completed()], LATER, command.clone())
            .then_expect_error(Refusal::Over("completed"));
        when::<ConnectorSync>(vec![started(), failed()], LATER, command)
            .then_expect_error(Refusal::Over("failed"));
    }
}

#[test]
fn a_sync_that_nobody_started_makes_no_progress() {
    when::<ConnectorSync>(vec![], LATER, progress(1)).then_expect_error(Refusal::NotFound);
}

#[test]
fn a_sync_does_not_end_before_it_began() {
    when::<ConnectorSync>(vec![started()], "2026-01-05T08:59:59Z", complete()).then_expect_error_message(
        "the time 2026-01-05T08:59:59Z lies before 2026-01-05T09:00:00Z, when it began",
    );
}
