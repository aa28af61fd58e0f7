//! All committed cases hold, and a case that says something else than the rules does not.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::{Case, CaseError, Then};
use crate::given::at;
use crate::lead::Event as LeadEvent;
use crate::{AnyAggregate, Event};

fn qualified() -> Case {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
    let text = fs::read_to_string(folder.join("lead_qualify.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn every_committed_case_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
    let mut cases = 0;
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let case: Case = serde_json::from_str(&fs::read_to_string(&path).unwrap())
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        case.check()
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        cases += 1;
    }
    assert!(cases > 0, "there are no cases");
}

#[test]
fn a_case_that_says_something_else_than_the_rules_does_not_hold() {
    let mut other = qualified();
    other.when.command = json!({ "qualify": { "score": 81 } });
    let error = other.check().unwrap_err();
    assert!(matches!(error, CaseError::Otherwise { .. }), "{error}");
    let mut refused = qualified();
    refused.then = Then::Refused("NOT_FOUND".to_owned());
    assert!(matches!(refused.check(), Err(CaseError::Otherwise { .. })));
    refused.given.clear();
    assert_eq!(refused.check(), Ok(()), "without a lead, it is refused");
    let mut unknown = qualified();
    unknown.when.command = json!("dance");
    assert!(matches!(unknown.check(), Err(CaseError::Command(_))));
}

#[test]
fn the_command_of_a_step_is_found_by_what_it_makes() {
    let case = qualified();
    let event = |given: &super::Given| {
        Event::decode(
            "lead",
            &given.event_type,
            given.version,
            &given.payload.to_string(),
        )
        .unwrap()
    };
    let before: Vec<Event> = case.given.iter().map(event).collect();
    let Then::Events(after) = &case.then else {
        panic!("the case has events")
    };
    let after: Vec<Event> = after.iter().map(event).collect();
    let found = Case::of("lead", &before, &after, case.when.at).unwrap();
    assert_eq!((&found.when, &found.then), (&case.when, &case.then));
    let fact = crate::usage::tests::examples().remove(0);
    let error = Case::of("usage", &[], &[fact.into()], at("2026-01-01T00:00:00Z")).unwrap_err();
    assert!(
        error.to_string().starts_with("no command of usage makes "),
        "{error}"
    );
}

#[test]
fn an_aggregate_of_any_kind_is_known_by_its_name_and_takes_in_its_own_events() {
    for (aggregate, _) in Event::catalog() {
        let mut any = AnyAggregate::new(aggregate).unwrap();
        let before = any.state();
        any.apply(Event::Lead(LeadEvent::Assigned {
            assignee: "ada".to_owned(),
            previous: None,
        }));
        assert_eq!(any.state() != before, aggregate == "lead", "{aggregate}");
    }
    assert!(AnyAggregate::new("leads").is_none());
    let named = |name: &str| {
        let commands = AnyAggregate::new(name).unwrap().commands();
        let names = commands.into_iter().map(|(name, _)| Value::from(name));
        names.collect::<Vec<_>>()
    };
    assert_eq!(named("workspace"), ["create", "rename", "archive"]);
    assert!(named("usage").is_empty());
}
