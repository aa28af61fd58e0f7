//! Given what happened, when something is asked, then this follows.

use super::{Command, Event, Refusal, RoiBaseline};
use crate::given::{money, when};
use crate::roi::Basis;

const NOW: &str = "2026-03-01T12:00:00Z";

fn past(first_day: &str, last_day: &str) -> Basis {
    Basis::PastPeriod {
        first_day: first_day.parse().unwrap(),
        last_day: last_day.parse().unwrap(),
    }
}

fn stated(amount: &str, days: u32, percent: Option<&str>) -> Basis {
    Basis::Stated {
        amount: money(amount),
        days,
        denial_percent: percent.map(|percent| percent.parse().unwrap()),
    }
}

fn register(basis: Basis) -> Command {
    Command::Register {
        name: "before agents".to_owned(),
        vertical: Some("sales".parse().unwrap()),
        basis,
    }
}

fn registered(basis: Basis) -> Event {
    Event::Registered {
        name: "before agents".to_owned(),
        vertical: Some("sales".parse().unwrap()),
        basis,
    }
}

fn withdrawn() -> Event {
    Event::Withdrawn {
        reason: "another team".to_owned(),
    }
}

/// One of each event, for the committed snapshots.
pub(crate) fn examples() -> Vec<Event> {
    vec![registered(past("2025-01-01", "2025-12-31")), withdrawn()]
}

#[test]
fn a_baseline_is_registered_once_and_never_changed() {
    for basis in [
        past("2026-02-28", "2026-02-28"),
        Basis::ControlGroup { owners: vec![] },
        Basis::ControlGroup {
            owners: vec!["ada".to_owned()],
        },
        stated("0 USD", 30, Some("12.5")),
    ] {
        when::<RoiBaseline>(vec![], NOW, register(basis.clone())).then_expect_events(vec![registered(basis)]);
    }
    when::<RoiBaseline>(examples(), NOW, register(past("2025-01-01", "2025-01-31")))
        .then_expect_error(Refusal::AlreadyRegistered);
}

#[test]
fn it_is_withdrawn_once() {
    let withdraw = || Command::Withdraw {
        reason: "another team".to_owned(),
    };
    let given = || vec![registered(past("2025-01-01", "2025-12-31"))];
    when::<RoiBaseline>(given(), NOW, withdraw()).then_expect_events(vec![withdrawn()]);
    when::<RoiBaseline>(examples(), NOW, withdraw()).then_expect_error(Refusal::AlreadyWithdrawn);
    when::<RoiBaseline>(vec![], NOW, withdraw()).then_expect_error(Refusal::NotFound);
}

#[test]
fn what_is_no_baseline_is_refused_and_says_why() {
    let refused = |basis| {
        when::<RoiBaseline>(vec![], NOW, register(basis))
            .inspect_result()
            .unwrap_err()
            .to_string()
    };
    for (basis, message) in [
        (
            past("2026-01-02", "2026-01-01"),
            "last_day: 2026-01-01 lies before the first day 2026-01-02",
        ),
        (
            past("2026-02-01", "2026-03-01"),
            "last_day: 2026-03-01 is not over yet: a baseline is made of days that are",
        ),
        (
            stated("1 USD", 0, None),
            "days: in how many days the amount comes in must be 1 or more",
        ),
        (stated("-1 USD", 1, None), "amount: -1 USD is negative"),
        (
            stated("1 USD", 1, Some("100.1")),
            "denial_percent: 100.1 is not between 0 and 100",
        ),
    ] {
        assert_eq!(refused(basis), message);
    }
}
