//! Given what happened, when something is asked, then this follows.

use cqrs_es::test::TestFramework;
use jiff::Timestamp;

use super::{Command, Event, Lead, Refusal};
use crate::kernel::{At, Email, Personal, Phone};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn captured() -> Event {
    Event::Captured {
        vertical: "sales".parse().unwrap(),
        source: "spring-campaign".to_owned(),
        name: Some(Personal::new("Ada Lovelace".to_owned())),
        email: Some(Personal::new(Email::parse("Ada@Example.org").unwrap())),
        phone: Some(Personal::new(Phone::parse("+1 415 555 2671").unwrap())),
        captured_at: at("2026-01-05T09:00:00Z"),
    }
}

/// One of each event, for the committed snapshots.
pub(crate) fn examples() -> Vec<Event> {
    let vertical = || "sales".parse().unwrap();
    let captured_at = at("2026-01-05T09:00:00Z");
    vec![
        captured(),
        Event::Enriched {
            attributes: Personal::new([("company_size".to_owned(), "120".to_owned())].into()),
        },
        Event::Qualified {
            vertical: vertical(),
            score: 80,
            captured_at,
        },
        Event::Assigned {
            assignee: "member-1".to_owned(),
            previous: None,
        },
        Event::Contacted {
            vertical: vertical(),
            channel: "phone".to_owned(),
            number: 1,
            captured_at,
        },
        Event::Converted {
            vertical: vertical(),
            opportunity: Some("opp-1".to_owned()),
            captured_at,
        },
        Event::Disqualified {
            vertical: vertical(),
            reason: "no budget".to_owned(),
            captured_at,
        },
    ]
}

fn lead(events: Vec<Event>) -> cqrs_es::test::AggregateTestExecutor<Lead> {
    TestFramework::with(()).given(events)
}

fn now(command: Command) -> At<Command> {
    At::new(at("2026-01-06T12:00:00Z"), command)
}

#[test]
fn a_qualification_repeats_when_the_lead_was_captured() {
    lead(vec![captured()])
        .when(now(Command::Qualify { score: 80 }))
        .then_expect_events(vec![Event::Qualified {
            vertical: "sales".parse().unwrap(),
            score: 80,
            captured_at: at("2026-01-05T09:00:00Z"),
        }]);
}

#[test]
fn a_lead_is_captured_once() {
    lead(vec![captured()])
        .when(now(Command::Capture {
            vertical: "sales".parse().unwrap(),
            source: "again".to_owned(),
            name: None,
            email: None,
            phone: None,
        }))
        .then_expect_error(Refusal::AlreadyCaptured);
}

#[test]
fn nothing_can_be_asked_of_a_lead_that_nobody_captured() {
    lead(vec![])
        .when(now(Command::Qualify { score: 1 }))
        .then_expect_error(Refusal::NotFound);
}

#[test]
fn a_score_over_100_is_refused() {
    lead(vec![captured()])
        .when(now(Command::Qualify { score: 101 }))
        .then_expect_error(Refusal::ScoreOutOfRange(101));
}

#[test]
fn contacts_are_numbered_so_that_the_first_answer_can_be_told() {
    let first = Event::Contacted {
        vertical: "sales".parse().unwrap(),
        channel: "email".to_owned(),
        number: 1,
        captured_at: at("2026-01-05T09:00:00Z"),
    };
    lead(vec![captured(), first])
        .when(now(Command::Contact {
            channel: "phone".to_owned(),
        }))
        .then_expect_events(vec![Event::Contacted {
            vertical: "sales".parse().unwrap(),
            channel: "phone".to_owned(),
            number: 2,
            captured_at: at("2026-01-05T09:00:00Z"),
        }]);
}

#[test]
fn an_enrichment_keeps_only_what_is_new() {
    let known = Event::Enriched {
        attributes: Personal::new([("size".to_owned(), "120".to_owned())].into()),
    };
    let size = ("size".to_owned(), "120".to_owned());
    let city = ("city".to_owned(), "Berlin".to_owned());
    lead(vec![captured(), known.clone()])
        .when(now(Command::Enrich {
            attributes: [size.clone(), city.clone()].into(),
        }))
        .then_expect_events(vec![Event::Enriched {
            attributes: Personal::new([city].into()),
        }]);
    lead(vec![captured(), known])
        .when(now(Command::Enrich {
            attributes: [size].into(),
        }))
        .then_expect_error(Refusal::NothingNew);
}

#[test]
fn a_converted_lead_is_closed() {
    let converted = Event::Converted {
        vertical: "sales".parse().unwrap(),
        opportunity: None,
        captured_at: at("2026-01-05T09:00:00Z"),
    };
    lead(vec![captured(), converted])
        .when(now(Command::Disqualify {
            reason: "late".to_owned(),
        }))
        .then_expect_error(Refusal::Closed("converted"));
}

#[test]
fn a_lead_goes_to_somebody_new_and_names_who_had_it() {
    let assigned = Event::Assigned {
        assignee: "ada".to_owned(),
        previous: None,
    };
    lead(vec![captured(), assigned.clone()])
        .when(now(Command::Assign {
            assignee: "ada".to_owned(),
        }))
        .then_expect_error(Refusal::AlreadyAssigned("ada".to_owned()));
    lead(vec![captured(), assigned])
        .when(now(Command::Assign {
            assignee: "bob".to_owned(),
        }))
        .then_expect_events(vec![Event::Assigned {
            assignee: "bob".to_owned(),
            previous: Some("ada".to_owned()),
        }]);
}
