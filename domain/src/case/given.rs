//! The case itself: read, written and checked.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{AnyAggregate, DecodeError, Event, Undecided};

/// Given what happened, when something is asked, then this follows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What the case shows, in a sentence.
    pub name: String,
    /// The aggregate's stored name, for instance `lead`.
    pub aggregate: String,
    /// What happened before, in order.
    pub given: Vec<Given>,
    /// What is asked.
    pub when: When,
    /// What follows.
    pub then: Then,
}

/// An event, as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Given {
    /// Its stored name, for instance `lead.captured`.
    #[serde(rename = "type")]
    pub event_type: String,
    /// The version of the payload's shape.
    pub version: u16,
    /// What happened.
    pub payload: Value,
}

/// A command and its business time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// When it takes effect.
    pub at: Timestamp,
    /// What is asked: `{"qualify": {"score": 80}}`.
    pub command: Value,
}

/// What follows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Then {
    /// These events, in order.
    Events(Vec<Given>),
    /// A refusal of this code.
    Refused(String),
}

/// Why a case can't be made or does not hold.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CaseError {
    /// No aggregate has this name.
    #[error("there is no aggregate {0:?}")]
    UnknownAggregate(String),
    /// What is given, or follows, is no event.
    #[error(transparent)]
    Event(#[from] DecodeError),
    /// What is asked is no command.
    #[error(transparent)]
    Command(Undecided),
    /// The rules say something else than the case.
    #[error("the rules say {found}, and the case {wanted}")]
    Otherwise {
        /// What the rules say, as JSON.
        found: String,
        /// What the case has, as JSON.
        wanted: String,
    },
    /// No command makes what followed.
    #[error(
        "no command of {aggregate} makes {event_type} of what was there before: it was recorded as a fact, or its \
         command holds more than the event tells"
    )]
    NoCommand {
        /// The aggregate's stored name.
        aggregate: String,
        /// The event's stored name.
        event_type: String,
    },
}

impl Given {
    /// An event as it is written now.
    #[must_use]
    pub fn of(event: &Event) -> Self {
        let event_type = event.stored_name();
        Self {
            version: Event::version_of(&event_type).unwrap_or(1),
            payload: event.encode(),
            event_type,
        }
    }

    fn event(&self, aggregate: &str) -> Result<Event, DecodeError> {
        let payload = self.payload.to_string();
        Event::decode(aggregate, &self.event_type, self.version, &payload)
    }
}

impl Case {
    /// Holds the case against the rules.
    ///
    /// # Errors
    /// [`CaseError::Otherwise`] when the rules say something else; others when it is no case.
    pub fn check(&self) -> Result<(), CaseError> {
        let mut aggregate = AnyAggregate::new(&self.aggregate)
            .ok_or_else(|| CaseError::UnknownAggregate(self.aggregate.clone()))?;
        for given in &self.given {
            aggregate.apply(given.event(&self.aggregate)?);
        }
        let found = match aggregate.decide(self.when.at, self.when.command.clone()) {
            Ok(events) => Then::Events(events.iter().map(Given::of).collect()),
            Err(Undecided::Refused { code, .. }) => Then::Refused(code.to_owned()),
            Err(malformed @ Undecided::Malformed(_)) => return Err(CaseError::Command(malformed)),
        };
        let wanted = match &self.then {
            // Written as it is now, whatever version the case has.
            Then::Events(events) => {
                let events = events.iter().map(|event| event.event(&self.aggregate));
                let events = events.collect::<Result<Vec<_>, _>>()?;
                Then::Events(events.iter().map(Given::of).collect())
            }
            refused @ Then::Refused(_) => refused.clone(),
        };
        if found == wanted {
            return Ok(());
        }
        let text = |then: &Then| serde_json::to_string(then).unwrap_or_default();
        Err(CaseError::Otherwise {
            found: text(&found),
            wanted: text(&wanted),
        })
    }
}
