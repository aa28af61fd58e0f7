//! Given what happened, when something is asked, then this follows.

use super::{ApiKey, Command, Event, KeyHash, Origin, Refusal, Scope};
use crate::given::{at, when};

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
        origins: [].into(),
    }
}

fn rotated() -> Event {
    Event::Rotated {
        hash: hash("b"),
        prefix: "ak_67890".to_owned(),
        previous: hash("a"),
        previous_until: None,
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
        origins: [].into(),
    }
}

fn rotate(digit: &str) -> Command {
    Command::Rotate {
        hash: hash(digit),
        prefix: "ak_67890".to_owned(),
        overlap_seconds: 0,
    }
}

fn rotate_with_overlap(overlap_seconds: u32) -> Command {
    Command::Rotate {
        hash: hash("b"),
        prefix: "ak_67890".to_owned(),
        overlap_seconds,
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
fn the_key_before_may_go_on_for_a_while() {
    let overlapping = Event::Rotated {
        hash: hash("b"),
        prefix: "ak_67890".to_owned(),
        previous: hash("a"),
        previous_until: Some(at("2026-01-06T13:00:00Z")),
    };
    when::<ApiKey>(vec![issued()], NOW, rotate_with_overlap(3_600)).then_expect_events(vec![overlapping]);
    let month = 30 * 24 * 3_600;
    when::<ApiKey>(vec![issued()], NOW, rotate_with_overlap(month + 1))
        .then_expect_error(Refusal::LongOverlap(month + 1));
}

#[test]
fn an_origin_is_what_browsers_send() {
    for right in [
        "https://shop.example.org",
        "http://localhost:3000",
        "http://[::1]:8080",
    ] {
        assert!(right.parse::<Origin>().is_ok(), "{right}");
    }
    for wrong in [
        "shop.example.org",
        "https://",
        "https://Shop.example",
        "https://a.b/",
        "null",
        "*",
        "ftp://a",
    ] {
        assert!(wrong.parse::<Origin>().is_err(), "{wrong}");
    }
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
