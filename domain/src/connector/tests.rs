//! Given what happened, when something is asked, then this follows.

use std::collections::BTreeMap;

use super::{Command, Connector, Event, Fingerprint, Refusal};
use crate::given::when;

const NOW: &str = "2026-01-06T12:00:00Z";

fn settings(folder: &str) -> BTreeMap<String, String> {
    [("folder".to_owned(), folder.to_owned())].into()
}

fn fingerprint(digit: &str) -> Fingerprint {
    digit.repeat(64).parse().unwrap()
}

fn registered() -> Event {
    Event::Registered {
        name: "CRM export".to_owned(),
        kind: "csv_file".to_owned(),
        settings: settings("inbox"),
    }
}

fn reconfigured() -> Event {
    Event::Reconfigured {
        settings: settings("outbox"),
        previous: settings("inbox"),
    }
}

fn credentials_replaced(digit: &str, previous: Option<&str>) -> Event {
    Event::CredentialsReplaced {
        fingerprint: fingerprint(digit),
        previous: previous.map(fingerprint),
    }
}

fn paused() -> Event {
    Event::Paused {
        reason: "maintenance".to_owned(),
    }
}

fn removed() -> Event {
    Event::Removed {
        reason: "replaced".to_owned(),
    }
}

fn reconfigure(folder: &str) -> Command {
    Command::Reconfigure {
        settings: settings(folder),
    }
}

fn replace_credentials(digit: &str) -> Command {
    Command::ReplaceCredentials {
        fingerprint: fingerprint(digit),
    }
}

fn pause() -> Command {
    Command::Pause {
        reason: "maintenance".to_owned(),
    }
}

fn remove() -> Command {
    Command::Remove {
        reason: "replaced".to_owned(),
    }
}

/// One of each event, for the committed snapshots.
pub(crate) fn examples() -> Vec<Event> {
    vec![
        registered(),
        reconfigured(),
        credentials_replaced("b", Some("a")),
        paused(),
        Event::Resumed {},
        removed(),
    ]
}

#[test]
fn a_connector_is_registered_once_with_a_name_and_a_kind() {
    let register = |kind: &str| Command::Register {
        name: "CRM export".to_owned(),
        kind: kind.to_owned(),
        settings: settings("inbox"),
    };
    when::<Connector>(vec![], NOW, register("csv_file")).then_expect_events(vec![registered()]);
    when::<Connector>(vec![registered()], NOW, register("csv_file"))
        .then_expect_error(Refusal::AlreadyRegistered);
    when::<Connector>(vec![], NOW, register("")).then_expect_error_message("kind: must not be empty");
}

#[test]
fn settings_that_change_nothing_are_refused_and_others_name_the_previous() {
    when::<Connector>(vec![registered()], NOW, reconfigure("outbox"))
        .then_expect_events(vec![reconfigured()]);
    when::<Connector>(vec![registered()], NOW, reconfigure("inbox")).then_expect_error(Refusal::NothingNew);
}

#[test]
fn credentials_are_known_by_their_fingerprint_alone() {
    let first = || credentials_replaced("a", None);
    when::<Connector>(vec![registered()], NOW, replace_credentials("a")).then_expect_events(vec![first()]);
    when::<Connector>(vec![registered(), first()], NOW, replace_credentials("b"))
        .then_expect_events(vec![credentials_replaced("b", Some("a"))]);
    when::<Connector>(vec![registered(), first()], NOW, replace_credentials("a"))
        .then_expect_error(Refusal::SameCredentials);
    let secret = r#"{"replace_credentials": {"fingerprint": "hunter2"}}"#;
    assert!(serde_json::from_str::<Command>(secret).is_err());
}

#[test]
fn a_connector_is_paused_and_resumed_in_turns() {
    when::<Connector>(vec![registered()], NOW, pause()).then_expect_events(vec![paused()]);
    when::<Connector>(vec![registered(), paused()], NOW, pause()).then_expect_error(Refusal::AlreadyPaused);
    when::<Connector>(vec![registered(), paused()], NOW, Command::Resume)
        .then_expect_events(vec![Event::Resumed {}]);
    when::<Connector>(vec![registered()], NOW, Command::Resume).then_expect_error(Refusal::NotPaused);
}

#[test]
fn a_paused_connector_can_be_reconfigured_and_removed() {
    let given = || vec![registered(), paused()];
    when::<Connector>(given(), NOW, reconfigure("outbox")).then_expect_events(vec![reconfigured()]);
    when::<Connector>(given(), NOW, remove()).then_expect_events(vec![removed()]);
}

#[test]
fn a_removed_connector_takes_nothing_more() {
    let given = || vec![registered(), removed()];
    when::<Connector>(given(), NOW, Command::Resume).then_expect_error(Refusal::Removed);
    when::<Connector>(given(), NOW, remove()).then_expect_error(Refusal::Removed);
    when::<Connector>(vec![], NOW, remove()).then_expect_error(Refusal::NotFound);
}
