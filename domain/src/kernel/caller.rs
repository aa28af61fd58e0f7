//! Who asks: the tenant, the actor, and the thread of causes that a command belongs to.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{EventId, InvalidValue, TenantId};

/// What kind of actor did something.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display, strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ActorKind {
    /// A person, signed in.
    User,
    /// An AI agent.
    Agent,
    /// A connector that brings records from a foreign system.
    Connector,
    /// A program with an API key.
    ApiKey,
    /// The platform itself.
    System,
}

/// Who did something: a kind and an id, written `kind:id`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Actor {
    /// The kind of actor.
    pub kind: ActorKind,
    /// The actor's id inside its kind.
    pub id: String,
}

impl Actor {
    /// An actor of this kind with this id.
    pub fn new(kind: ActorKind, id: impl Into<String>) -> Self {
        Self { kind, id: id.into() }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind, self.id)
    }
}

impl FromStr for Actor {
    type Err = InvalidValue;
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let invalid = || InvalidValue::new(text, "an actor (kind:id)");
        let (kind, id) = text.split_once(':').ok_or_else(invalid)?;
        Ok(Self {
            kind: kind.parse().map_err(|_| invalid())?,
            id: id.to_owned(),
        })
    }
}

/// The one on whose behalf a command runs. Comes first in every function that needs it.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The tenant whose data is touched; no command reaches another's.
    pub tenant: TenantId,
    /// Who asks.
    pub actor: Actor,
    /// Groups all events of one request, import or run; up to 100 characters.
    pub correlation_id: Option<String>,
    /// The event that made the caller ask, if one did.
    pub causation_id: Option<EventId>,
}

impl Caller {
    /// A caller with no history.
    #[must_use]
    pub const fn new(tenant: TenantId, actor: Actor) -> Self {
        Self {
            tenant,
            actor,
            correlation_id: None,
            causation_id: None,
        }
    }

    /// The same caller, its events grouped under `correlation_id`.
    #[must_use]
    pub fn correlated(mut self, correlation_id: impl Into<String>) -> Self {
        self.correlation_id = Some(correlation_id.into());
        self
    }
}
