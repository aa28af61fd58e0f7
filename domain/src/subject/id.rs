//! How data subjects and holds are named.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use ulid::Ulid;

use crate::Event;
use crate::kernel::{Actor, ActorKind, EntityId, InvalidValue, StreamId, is_code, text_type};

const RULE: &str = "a data subject (kind/id, for instance lead/lead-7 or user/ada)";

/// A data subject inside its tenant, written `kind/id`: an aggregate whose events are about one person
/// (`lead/lead-7`, `member/ada`, `claim/c-1`), or an actor whose access is written down (`user/ada`, `api_key/nightly`).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SubjectId(String);

impl SubjectId {
    /// Whom the personal fields of an event are about: the person that its stream is; a fact of access is about the
    /// actor.
    #[must_use]
    pub fn of(stream: &StreamId, actor: &Actor) -> Self {
        if stream.aggregate_type == "access" {
            return Self(format!("{}/{}", actor.kind, actor.id));
        }
        Self(format!("{}/{}", stream.aggregate_type, stream.id))
    }

    /// The stream whose events are about this subject; `None` for an actor.
    #[must_use]
    pub fn stream(&self) -> Option<(&'static str, &str)> {
        let (kind, id) = self.0.split_once('/')?;
        let known = Event::AGGREGATE_TYPES.iter().find(|known| **known == kind)?;
        Some((known, id))
    }

    /// The actor whose facts of access are about this subject; `None` for one that is no actor.
    #[must_use]
    pub fn actor(&self) -> Option<Actor> {
        let (kind, id) = self.0.split_once('/')?;
        Some(Actor::new(kind.parse::<ActorKind>().ok()?, id))
    }
}

impl EntityId for SubjectId {
    fn as_str(&self) -> &str {
        &self.0
    }

    /// No subject is made of a fresh id: this is a lead's.
    fn from_ulid(ulid: Ulid) -> Self {
        Self(format!("lead/{ulid}"))
    }
}

impl FromStr for SubjectId {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let named = |(kind, id): (&str, &str)| {
            is_code(kind, 40, b"_") && (1..=200).contains(&id.len()) && !id.chars().any(char::is_control)
        };
        let subject = Self(text.to_owned());
        let is_one = text.split_once('/').is_some_and(named)
            && (subject.stream().is_some() || subject.actor().is_some());
        is_one
            .then_some(subject)
            .ok_or_else(|| InvalidValue::new(text, RULE))
    }
}

impl TryFrom<String> for SubjectId {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, InvalidValue> {
        text.parse()
    }
}

impl From<SubjectId> for String {
    fn from(id: SubjectId) -> Self {
        id.0
    }
}

impl fmt::Display for SubjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for SubjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text_type!(
    /// A legal hold's name, for instance `case-4711`: 1 to 60 characters of a-z, 0-9, '.', '-' and '_'.
    HoldName,
    |text| is_code(text, 60, b".-_"),
    "a hold's name of 1 to 60 characters (a-z, 0-9, '.', '-', '_')"
);
