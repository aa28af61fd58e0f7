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
    /// The workspace in which the caller acts, where it says so.
    pub workspace: Option<String>,
    /// By what means the caller came, where that is known.
    pub means: Option<Means>,
    /// The event that tells these means (`access.seen`). The log finds or appends it; nobody else gives it.
    pub context: Option<EventId>,
}

/// By what means somebody came. It is personal, so it shows in no debug output.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Means {
    /// The network address.
    pub address: Option<String>,
    /// The program, as it calls itself: its first 200 characters.
    pub user_agent: Option<String>,
}

impl Means {
    const AGENT_CHARS: usize = 200;

    /// These means; `None`, if nothing is known.
    #[must_use]
    pub fn known(address: Option<String>, user_agent: Option<&str>) -> Option<Self> {
        let user_agent = user_agent.map(|agent| agent.chars().take(Self::AGENT_CHARS).collect());
        (address.is_some() || user_agent.is_some()).then_some(Self { address, user_agent })
    }
}

impl fmt::Debug for Means {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Means")
    }
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
            workspace: None,
            means: None,
            context: None,
        }
    }

    /// The same caller, its events grouped under `correlation_id`.
    #[must_use]
    pub fn correlated(mut self, correlation_id: impl Into<String>) -> Self {
        self.correlation_id = Some(correlation_id.into());
        self
    }
}
