//! Given what happened, when something is asked, then this follows.

use super::{Agent, Command, Event, Refusal};
use crate::given::when;
use crate::kernel::Blank;

const NOW: &str = "2026-01-06T12:00:00Z";

fn configured() -> Event {
    Event::Configured {
        name: "Inbox".to_owned(),
        vertical: "sales".parse().unwrap(),
        prompt: "Answer new leads.".to_owned(),
        model: "small-1".to_owned(),
        tools: ["calendar".to_owned()].into(),
        revision: 1,
    }
}

fn revised(model: &str, revision: u32) -> Event {
    Event::Revised {
        vertical: "sales".parse().unwrap(),
        prompt: "Answer new leads.".to_owned(),
        model: model.to_owned(),
        tools: ["calendar".to_owned()].into(),
        revision,
    }
}

fn retired(revision: u32) -> Event {
    Event::Retired {
        vertical: "sales".parse().unwrap(),
        reason: "replaced".to_owned(),
        revision,
    }
}

fn revise(model: &str) -> Command {
    Command::Revise {
        prompt: None,
        model: Some(model.to_owned()),
        tools: None,
    }
}

fn retire() -> Command {
    Command::Retire {
        reason: "replaced".to_owned(),
    }
}

/// One of each event, for the committed snapshots.
pub(crate) fn examples() -> Vec<Event> {
    vec![configured(), revised("small-2", 2), retired(2)]
}

#[test]
fn an_agent_is_configured_once_and_begins_at_revision_1() {
    let configure = || {
        serde_json::from_str::<Command>(
            r#"{"configure": {"name": "Inbox", "vertical": "sales", "prompt": "Answer new leads.",
                "model": "small-1", "tools": ["calendar"]}}"#,
        )
        .unwrap()
    };
    when::<Agent>(vec![], NOW, configure()).then_expect_events(vec![configured()]);
    when::<Agent>(vec![configured()], NOW, configure()).then_expect_error(Refusal::AlreadyConfigured);
}

#[test]
fn a_revision_counts_up_and_repeats_what_stays() {
    when::<Agent>(vec![configured()], NOW, revise("small-2")).then_expect_events(vec![revised("small-2", 2)]);
    when::<Agent>(vec![configured(), revised("small-2", 2)], NOW, revise("small-1"))
        .then_expect_events(vec![revised("small-1", 3)]);
}

#[test]
fn a_revision_with_nothing_new_is_refused() {
    when::<Agent>(vec![configured()], NOW, revise("small-1")).then_expect_error(Refusal::NothingNew);
    let nothing = Command::Revise {
        prompt: None,
        model: None,
        tools: None,
    };
    when::<Agent>(vec![configured()], NOW, nothing).then_expect_error(Refusal::NothingNew);
}

#[test]
fn a_revision_may_take_all_tools_away_but_not_the_model() {
    let no_tools = Command::Revise {
        prompt: None,
        model: None,
        tools: Some([].into()),
    };
    let result = when::<Agent>(vec![configured()], NOW, no_tools).inspect_result();
    assert!(matches!(&result.unwrap()[..], [Event::Revised { tools, .. }] if tools.is_empty()));
    when::<Agent>(vec![configured()], NOW, revise(" ")).then_expect_error(Refusal::Blank(Blank("model")));
}

#[test]
fn a_retired_agent_takes_nothing_more() {
    when::<Agent>(vec![configured()], NOW, retire()).then_expect_events(vec![retired(1)]);
    let given = || vec![configured(), retired(1)];
    when::<Agent>(given(), NOW, revise("small-2")).then_expect_error(Refusal::Retired);
    when::<Agent>(given(), NOW, retire()).then_expect_error(Refusal::Retired);
    when::<Agent>(vec![], NOW, retire()).then_expect_error(Refusal::NotFound);
}
