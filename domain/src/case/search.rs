//! The command of a step: the one by which the rules make just the events that followed.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{Case, CaseError, Given, Then, When};
use crate::{AnyAggregate, Event};

impl Case {
    /// The case of a step: what happened before, and the event with those that follow it in its stream. A command may
    /// make several events; then all of them follow in the case. `at` is the event's business time.
    ///
    /// # Errors
    /// [`CaseError::NoCommand`] when no command makes the event; [`CaseError::UnknownAggregate`].
    pub fn of(
        aggregate: &str,
        before: &[Event],
        following: &[Event],
        at: Timestamp,
    ) -> Result<Self, CaseError> {
        let mut state =
            AnyAggregate::new(aggregate).ok_or_else(|| CaseError::UnknownAggregate(aggregate.to_owned()))?;
        for event in before {
            state.apply(event.clone());
        }
        let event_type = following.first().map(Event::stored_name).unwrap_or_default();
        let no_command = || CaseError::NoCommand {
            aggregate: aggregate.to_owned(),
            event_type: event_type.clone(),
        };
        let told = following.first().ok_or_else(no_command)?.encode();
        // An event is one variant's name with its fields.
        let told = told.as_object().and_then(|event| event.values().next());
        let told = told.and_then(Value::as_object).cloned().unwrap_or_default();
        for (name, fields) in state.commands() {
            let command = command(name, &fields, &told);
            for at in times(at, &told) {
                let made = state.clone().decide(at, command.clone()).unwrap_or_default();
                if made.is_empty() || !following.starts_with(&made) {
                    continue;
                }
                return Ok(Self {
                    name: format!("{name} makes {event_type}"),
                    aggregate: aggregate.to_owned(),
                    given: before.iter().map(Given::of).collect(),
                    when: When { at, command },
                    then: Then::Events(made.iter().map(Given::of).collect()),
                });
            }
        }
        Err(no_command())
    }
}

/// A command with those of its fields that an event tells of.
fn command(name: &str, fields: &[&str], told: &Map<String, Value>) -> Value {
    if fields.is_empty() {
        return Value::String(name.to_owned());
    }
    let known = |field: &&str| Some(((*field).to_owned(), told.get(*field)?.clone()));
    let given: Map<String, Value> = fields.iter().filter_map(known).collect();
    Value::Object(Map::from_iter([(name.to_owned(), Value::Object(given))]))
}

/// When a command may have been given: at the event's time, or at one that the event tells of more exactly.
fn times(at: Timestamp, told: &Map<String, Value>) -> Vec<Timestamp> {
    let told = told.values().filter_map(Value::as_str);
    let exact = told.filter_map(|text| text.parse::<Timestamp>().ok());
    let mut times = vec![at];
    times.extend(exact.filter(|time| time.as_microsecond() == at.as_microsecond()));
    times
}
