//! Given what happened, when something is asked, then this follows.

use super::{Command, Event, Refusal, Retention};
use crate::given::when;

const NOW: &str = "2026-03-31T12:00:00Z";

/// One of each event, for the committed snapshots.
pub(crate) fn examples() -> Vec<Event> {
    vec![
        rule(90, Some(365)),
        Event::RuleRemoved {
            event_type: "access.denied".to_owned(),
            previous: 90,
        },
        applied("2026-01-01", 90),
    ]
}

fn rule(days: u32, previous: Option<u32>) -> Event {
    Event::RuleSet {
        event_type: "access.denied".to_owned(),
        days,
        previous,
    }
}

fn applied(before: &str, days: u32) -> Event {
    Event::Applied {
        event_type: "access.denied".to_owned(),
        before: before.parse().unwrap(),
        days,
    }
}

fn set(event_type: &str, days: u32) -> Command {
    Command::SetRule {
        event_type: event_type.to_owned(),
        days,
    }
}

fn apply() -> Command {
    Command::Apply {
        event_type: "access.denied".to_owned(),
    }
}

#[test]
fn what_is_due_is_what_the_next_application_erases() {
    let rules = Retention::of(vec![rule(90, None)]);
    let now = crate::given::at(NOW);
    assert_eq!(
        rules.due_before("access.denied", now),
        Some("2025-12-01".parse().unwrap())
    );
    assert_eq!(rules.due_before("lead.captured", now), None);
    when::<Retention>(vec![rule(90, None)], NOW, apply()).then_expect_events(vec![applied("2025-12-01", 90)]);
}

#[test]
fn a_rule_is_for_events_with_personal_fields_and_a_sensible_number_of_days() {
    when::<Retention>(vec![], NOW, set("access.denied", 90)).then_expect_events(vec![rule(90, None)]);
    when::<Retention>(vec![rule(90, None)], NOW, set("access.denied", 30))
        .then_expect_events(vec![rule(30, Some(90))]);
    when::<Retention>(vec![rule(90, None)], NOW, set("access.denied", 90))
        .then_expect_error(Refusal::SameRule("access.denied".to_owned(), 90));
    for days in [0, 36_501] {
        when::<Retention>(vec![], NOW, set("access.denied", days))
            .then_expect_error(Refusal::DaysOutOfRange(days));
    }
    let refused = when::<Retention>(vec![], NOW, set("usage.pages", 90)).inspect_result();
    assert_eq!(
        refused.unwrap_err().to_string(),
        "event_type: usage.pages has no personal fields; those that have are access.denied, access.key_used, \
         access.operated, access.read, access.refused, access.seen, claim.submitted, lead.captured, lead.enriched, \
         member.invited"
    );
}

#[test]
fn what_is_older_than_the_rule_allows_is_erased_by_whole_months() {
    // 90 days before the last of March is the last of December.
    when::<Retention>(vec![rule(90, None)], NOW, apply()).then_expect_events(vec![applied("2025-12-01", 90)]);
    let done = vec![rule(90, None), applied("2025-12-01", 90)];
    when::<Retention>(done.clone(), NOW, apply()).then_expect_error(Refusal::NothingDue(
        "access.denied".to_owned(),
        "2025-12-01".parse().unwrap(),
    ));
    when::<Retention>(done, "2026-04-01T00:00:00Z", apply())
        .then_expect_events(vec![applied("2026-01-01", 90)]);
}

#[test]
fn without_a_rule_everything_is_kept() {
    let none = || Refusal::NoRule("access.denied".to_owned());
    when::<Retention>(vec![], NOW, apply()).then_expect_error(none());
    let remove = Command::RemoveRule {
        event_type: "access.denied".to_owned(),
    };
    when::<Retention>(vec![], NOW, remove.clone()).then_expect_error(none());
    when::<Retention>(vec![rule(90, None)], NOW, remove).then_expect_events(vec![examples().remove(1)]);
}
