//! A standing follows events, and tells what is full.

use domain::RecordedEvent;
use domain::meter::Gauges;
use domain::pricing::bundled_plans;
use jiff::Timestamp;

use super::standing::{Asked, QuotaUse, Standing};
use crate::engine::rehearsal::Story;
use crate::metered_usage::Span;

fn now() -> Timestamp {
    "2026-03-10T00:00:00Z".parse().unwrap()
}

fn standing(limits: &str) -> Standing {
    let span = Span {
        from: "2026-03-01T00:00:00Z".parse().unwrap(),
        until: "2026-04-01T00:00:00Z".parse().unwrap(),
    };
    Standing {
        position: 0,
        plans: vec!["starter".parse().unwrap()],
        limits: serde_json::from_str(limits).unwrap(),
        currency: "USD".parse().unwrap(),
        offered: bundled_plans().into(),
        members: 0,
        verticals: 0,
        quotas: vec![QuotaUse {
            meter: "platform.agent_runs".to_owned(),
            version: 1,
            event_types: vec!["agent_run.started".to_owned()],
            span,
            used: 0.into(),
        }],
        gauges: Gauges::bundled(),
        until: span.until,
        taken: super::gate::nothing_under_way(),
    }
}

fn runs(times: &[&str]) -> Vec<RecordedEvent> {
    let started = || domain::agent_run::Event::Started {
        agent: "ada".to_owned(),
        vertical: "sales".parse().unwrap(),
        goal: None,
        lead: None,
        opportunity: None,
        claim: None,
        started_at: now(),
    };
    let story = times
        .iter()
        .enumerate()
        .fold(Story::default(), |story, (index, at)| {
            story.then(at, "agent_run.started", &format!("r{index}"), started())
        });
    story.events()
}

#[test]
fn a_quota_counts_the_events_of_its_period_once_and_refuses_to_begin_more_when_it_is_full() {
    let mut standing = standing(r#"{ "quotas": [{ "meter": "platform.agent_runs", "quantity": "2" }] }"#);
    let events = runs(&[
        "2026-02-28T23:59:59Z",
        "2026-03-02T00:00:00Z",
        "2026-03-03T00:00:00Z",
    ]);
    for event in events.iter().take(2).chain(events.iter().take(2)) {
        assert!(standing.apply(event));
    }
    assert_eq!(
        standing.quotas[0].used,
        1.into(),
        "February's does not count, nor the same again"
    );
    assert!(standing.check(Asked::Begin("agent_run."), now()).is_ok());
    assert!(standing.apply(&events[2]));
    let reached = standing.check(Asked::Begin("agent_run."), now()).unwrap_err();
    assert_eq!(
        reached.to_string(),
        "the limit of 2 for platform.agent_runs is reached: 2 are used; the plan starter lifts it"
    );
    assert!(standing.check(Asked::Begin("lead."), now()).is_ok());
}

#[test]
fn a_soft_limit_is_told_and_refuses_nothing() {
    let mut standing = standing(
        r#"{ "quotas": [{ "meter": "platform.agent_runs", "quantity": "1", "enforcement": "soft" }], "members": 0 }"#,
    );
    for event in runs(&["2026-03-02T00:00:00Z", "2026-03-03T00:00:00Z"]) {
        assert!(standing.apply(&event));
    }
    assert!(standing.check(Asked::Begin("agent_run."), now()).is_ok());
    let rooms = standing.rooms(now());
    assert_eq!((rooms[1].limit, rooms[1].used), (1.into(), 2.into()));
    assert!(standing.check(Asked::Member, now()).is_err());
    assert!(standing.check(Asked::Vertical, now()).is_ok());
}
