//! A connector's rules.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Command, ConnectorId, Event, Fingerprint};
use crate::kernel::{Blank, aggregate, not_blank};
use crate::tenant::NotOpen;

/// A connector's state, as far as its rules need it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Connector {
    standing: Standing,
    settings: BTreeMap<String, String>,
    fingerprint: Option<Fingerprint>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Standing {
    #[default]
    Unknown,
    Working,
    Paused,
    Removed,
}

/// Why a connector's command was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error, strum::IntoStaticStr)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Refusal {
    /// Its id is taken.
    #[error("this connector was registered before")]
    AlreadyRegistered,
    /// Nobody registered it.
    #[error("there is no such connector")]
    NotFound,
    /// It is gone.
    #[error("the connector was removed")]
    Removed,
    /// It rests already.
    #[error("the connector is paused already")]
    AlreadyPaused,
    /// Only a paused connector can be resumed.
    #[error("the connector is not paused")]
    NotPaused,
    /// The settings are those in force.
    #[error("settings: they are the same as before")]
    NothingNew,
    /// The credentials are those in force.
    #[error("fingerprint: it is that of the credentials in force")]
    SameCredentials,
    /// A text that must say something.
    #[error(transparent)]
    Blank(#[from] Blank),
    /// The tenant does not admit commands.
    #[error(transparent)]
    #[strum(serialize = "TENANT_NOT_OPEN")]
    Tenant(#[from] NotOpen),
}

aggregate!(Connector, "connector", ConnectorId);

impl Connector {
    /// Refuses the command, or lists what happens.
    fn decide(&self, command: Command, _at: Timestamp) -> Result<Vec<Event>, Refusal> {
        let event = match command {
            Command::Register { name, kind, settings } => {
                if self.standing != Standing::Unknown {
                    return Err(Refusal::AlreadyRegistered);
                }
                not_blank("name", &name)?;
                not_blank("kind", &kind)?;
                Event::Registered { name, kind, settings }
            }
            Command::Reconfigure { settings } => {
                self.present()?;
                if self.settings == settings {
                    return Err(Refusal::NothingNew);
                }
                Event::Reconfigured {
                    settings,
                    previous: self.settings.clone(),
                }
            }
            Command::ReplaceCredentials { fingerprint } => {
                self.present()?;
                if self.fingerprint.as_ref() == Some(&fingerprint) {
                    return Err(Refusal::SameCredentials);
                }
                Event::CredentialsReplaced {
                    fingerprint,
                    previous: self.fingerprint.clone(),
                }
            }
            Command::Pause { reason } => {
                self.present()?;
                not_blank("reason", &reason)?;
                if self.standing == Standing::Paused {
                    return Err(Refusal::AlreadyPaused);
                }
                Event::Paused { reason }
            }
            Command::Resume => {
                self.present()?;
                if self.standing != Standing::Paused {
                    return Err(Refusal::NotPaused);
                }
                Event::Resumed {}
            }
            Command::Remove { reason } => {
                self.present()?;
                not_blank("reason", &reason)?;
                Event::Removed { reason }
            }
        };
        Ok(vec![event])
    }

    const fn present(&self) -> Result<(), Refusal> {
        match self.standing {
            Standing::Unknown => Err(Refusal::NotFound),
            Standing::Working | Standing::Paused => Ok(()),
            Standing::Removed => Err(Refusal::Removed),
        }
    }

    /// Takes in what happened.
    fn evolve(&mut self, event: Event) {
        match event {
            Event::Registered { settings, .. } => {
                self.standing = Standing::Working;
                self.settings = settings;
            }
            Event::Reconfigured { settings, .. } => self.settings = settings,
            Event::CredentialsReplaced { fingerprint, .. } => self.fingerprint = Some(fingerprint),
            Event::Paused { .. } => self.standing = Standing::Paused,
            Event::Resumed {} => self.standing = Standing::Working,
            Event::Removed { .. } => self.standing = Standing::Removed,
        }
    }
}
