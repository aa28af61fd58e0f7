//! A meter's rules.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Command, Definition, Event, InvalidDefinition, MeterId};
use crate::kernel::{Blank, aggregate, not_blank};
use crate::tenant::NotOpen;

/// Every version counts for ever, so there can't be any number of them.
const VERSIONS_AT_MOST: u32 = 20;

/// A meter's state, as far as its rules need it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Meter {
    current: Option<Current>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Current {
    version: u32,
    definition: Definition,
    retired: Option<String>,
}

/// Why a meter's command was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error, strum::IntoStaticStr)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Refusal {
    /// Its id is taken.
    #[error("this meter was defined before: change it")]
    AlreadyDefined,
    /// Nobody defined it.
    #[error("there is no such meter")]
    NotFound,
    /// It counts no further.
    #[error("the meter was retired: {0}")]
    Retired(String),
    /// The definition in force.
    #[error("the definition is the one in force")]
    NothingNew,
    /// One version more than there may be.
    #[error("the meter has {VERSIONS_AT_MOST} versions, and each counts for ever: define another meter")]
    TooManyVersions,
    /// A definition that can't be used.
    #[error(transparent)]
    InvalidDefinition(#[from] InvalidDefinition),
    /// A text that must say something.
    #[error(transparent)]
    Blank(#[from] Blank),
    /// The tenant does not admit commands.
    #[error(transparent)]
    #[strum(serialize = "TENANT_NOT_OPEN")]
    Tenant(#[from] NotOpen),
}

aggregate!(Meter, "meter", MeterId);

impl Meter {
    /// Refuses the command, or lists what happens.
    fn decide(&self, command: Command, _at: Timestamp) -> Result<Vec<Event>, Refusal> {
        let event = match command {
            Command::Define { definition } => {
                if self.current.is_some() {
                    return Err(Refusal::AlreadyDefined);
                }
                definition.check()?;
                Event::Defined {
                    version: 1,
                    definition,
                }
            }
            Command::Change { definition } => {
                let current = self.counting()?;
                if current.definition == definition {
                    return Err(Refusal::NothingNew);
                }
                definition.check()?;
                if current.version >= VERSIONS_AT_MOST {
                    return Err(Refusal::TooManyVersions);
                }
                Event::Changed {
                    version: current.version + 1,
                    definition,
                }
            }
            Command::Retire { reason } => {
                let version = self.counting()?.version;
                not_blank("reason", &reason)?;
                Event::Retired { reason, version }
            }
        };
        Ok(vec![event])
    }

    fn counting(&self) -> Result<&Current, Refusal> {
        let current = self.current.as_ref().ok_or(Refusal::NotFound)?;
        match &current.retired {
            Some(reason) => Err(Refusal::Retired(reason.clone())),
            None => Ok(current),
        }
    }

    /// Takes in what happened.
    fn evolve(&mut self, event: Event) {
        match event {
            Event::Defined { version, definition } | Event::Changed { version, definition } => {
                self.current = Some(Current {
                    version,
                    definition,
                    retired: None,
                });
            }
            Event::Retired { reason, .. } => {
                if let Some(current) = &mut self.current {
                    current.retired = Some(reason);
                }
            }
        }
    }
}
