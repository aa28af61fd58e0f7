//! Given what happened, when something is asked, then this follows.

use super::{ApiKey, Command, Event, KeyHash, Refusal, Scope};
use crate::given::when;

const NOW: &str = "2026-01-06T12:00:00Z";

fn hash(digit: &str) -> KeyHash {
    digit.repeat(64).parse().unwrap()
}

fn issued() -> Event {
    Event::Issued {
        name: "nightly import".to_owned(),
        hash: hash("a"),
        prefix: "ak_12345".to_owned(),
        scopes: [Scope::Read, Scope::Ingest].into(),
    }
}

fn rotated() -> Event {
    Event::Rotated {
        hash: hash("b"),
        prefix: "ak_67890".to_owned(),
        previous: hash("a"),
    }
}

fn revoked(previous: KeyHash) -> Event {
    Event::Revoked {
        reason: "leaked".to_owned(),
        previous,
    }
}

fn issue(prefix: &str, scopes: &[Scope]) -> Command {
    Command::Issue {
        name: "nightly import".to_owned(),
        hash: hash("a"),
        prefix: prefix.to_owned(),
        scopes: scopes.iter().copied().collect(),
    }
}

fn rotate(digit: &str) -> Command {
    Command::Rotate {
        hash: hash(digit),
        prefix: "ak_67890".to_owned(),
    }
}

fn revoke() -> Command {
    Command::Revoke {
        reason: "leaked".to_owned(),
    }
}

/// One of each event, for the committed snapshots.
pub(crate) fn examples() -> Vec<Event> {
    vec![issued(), rotated(), revoked(hash("b"))]
}

#[test]
fn a_key_is_issued_once_and_opens_something() {
    let scopes = [Scope::Ingest, Scope::Read];
    when::<ApiKey>(vec![], NOW, issue("ak_12345", &scopes)).then_expect_events(vec![issued()]);
    when::<ApiKey>(vec![issued()], NOW, issue("ak_12345", &scopes)).then_expect_error(Refusal::AlreadyIssued);
    when::<ApiKey>(vec![], NOW, issue("ak_12345", &[])).then_expect_error(Refusal::NoScope);
}

#[test]
fn a_prefix_has_exactly_the_length_that_recognises_a_key() {
    when::<ApiKey>(vec![], NOW, issue("ak_123456", &[Scope::Read]))
        .then_expect_error_message("prefix: it has 9 characters, not 8");
}

#[test]
fn a_rotation_brings_another_key_and_names_the_previous_hash() {
    when::<ApiKey>(vec![issued()], NOW, rotate("b")).then_expect_events(vec![rotated()]);
    when::<ApiKey>(vec![issued()], NOW, rotate("a")).then_expect_error(Refusal::SameKey);
}

#[test]
fn a_revoked_key_stays_out_of_force() {
    when::<ApiKey>(vec![issued(), rotated()], NOW, revoke()).then_expect_events(vec![revoked(hash("b"))]);
    let given = || vec![issued(), revoked(hash("a"))];
    when::<ApiKey>(given(), NOW, rotate("b")).then_expect_error(Refusal::Revoked);
    when::<ApiKey>(given(), NOW, revoke()).then_expect_error(Refusal::Revoked);
    when::<ApiKey>(vec![], NOW, revoke()).then_expect_error(Refusal::NotFound);
}

#[test]
fn a_hash_is_64_hexadecimal_digits_and_nothing_else() {
    for wrong in ["", "ak_secret", &"a".repeat(63), &"A".repeat(64), &"g".repeat(64)] {
        assert!(wrong.parse::<KeyHash>().is_err(), "{wrong}");
    }
}
