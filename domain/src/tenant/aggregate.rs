//! A tenant's rules.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Command, Event, Settings, TenantKey};
use crate::kernel::{Blank, Vertical, aggregate, not_blank};

/// A tenant's state, as far as the rules need it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tenant {
    standing: Standing,
    settings: Option<Settings>,
    verticals: BTreeSet<Vertical>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Standing {
    #[default]
    Unknown,
    Open,
    Suspended,
    Closed,
}

/// Why a tenant admits no commands.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotOpen {
    /// It was never provisioned.
    #[error("there is no such tenant")]
    Unknown,
    /// It is suspended.
    #[error("the tenant is suspended: reactivate it first")]
    Suspended,
    /// It was closed.
    #[error("the tenant was closed")]
    Closed,
}

/// Why a tenant's command was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error, strum::IntoStaticStr)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Refusal {
    /// Its id is taken.
    #[error("this tenant was provisioned before")]
    AlreadyProvisioned,
    /// The settings are those in force.
    #[error("settings: they are the same as before")]
    NothingNew,
    /// It is on already.
    #[error("the vertical {0} is enabled already")]
    AlreadyEnabled(Vertical),
    /// It is off already.
    #[error("the vertical {0} is not enabled")]
    NotEnabled(Vertical),
    /// Only a suspended tenant can be reactivated.
    #[error("the tenant is not suspended")]
    NotSuspended,
    /// A text that must say something.
    #[error(transparent)]
    Blank(#[from] Blank),
    /// It does not admit commands.
    #[error(transparent)]
    #[strum(serialize = "TENANT_NOT_OPEN")]
    Tenant(#[from] NotOpen),
}

// Its own gate lets all pass: the rules below tell which commands a suspended tenant takes.
aggregate!(Tenant, "tenant", TenantKey, |_| Ok(()));

impl Tenant {
    /// Lets a command of this tenant pass, or says why none does.
    ///
    /// # Errors
    /// [`NotOpen`] when the tenant is unknown, suspended or closed.
    pub const fn admit(&self) -> Result<(), NotOpen> {
        match self.standing {
            Standing::Unknown => Err(NotOpen::Unknown),
            Standing::Open => Ok(()),
            Standing::Suspended => Err(NotOpen::Suspended),
            Standing::Closed => Err(NotOpen::Closed),
        }
    }

    /// Refuses the command, or lists what happens.
    fn decide(&self, command: Command, _at: Timestamp) -> Result<Vec<Event>, Refusal> {
        let event = match command {
            Command::Provision { slug, mode, settings } => {
                if self.standing != Standing::Unknown {
                    return Err(Refusal::AlreadyProvisioned);
                }
                not_blank("name", &settings.name)?;
                Event::Provisioned { slug, mode, settings }
            }
            Command::ChangeSettings { settings } => {
                self.admit()?;
                not_blank("name", &settings.name)?;
                match &self.settings {
                    Some(previous) if *previous != settings => Event::SettingsChanged {
                        settings,
                        previous: previous.clone(),
                    },
                    _ => return Err(Refusal::NothingNew),
                }
            }
            Command::EnableVertical { vertical } => {
                self.admit()?;
                if self.verticals.contains(&vertical) {
                    return Err(Refusal::AlreadyEnabled(vertical));
                }
                Event::VerticalEnabled { vertical }
            }
            Command::DisableVertical { vertical } => {
                self.admit()?;
                if !self.verticals.contains(&vertical) {
                    return Err(Refusal::NotEnabled(vertical));
                }
                Event::VerticalDisabled { vertical }
            }
            Command::Suspend { reason } => {
                self.admit()?;
                not_blank("reason", &reason)?;
                Event::Suspended { reason }
            }
            Command::Reactivate => match self.admit() {
                Err(NotOpen::Suspended) => Event::Reactivated {},
                Err(other) => return Err(other.into()),
                Ok(()) => return Err(Refusal::NotSuspended),
            },
            Command::Close { reason } => {
                if self.standing != Standing::Suspended {
                    self.admit()?;
                }
                not_blank("reason", &reason)?;
                Event::Closed { reason }
            }
        };
        Ok(vec![event])
    }

    /// Takes in what happened.
    fn evolve(&mut self, event: Event) {
        match event {
            Event::Provisioned { settings, .. } => {
                self.standing = Standing::Open;
                self.settings = Some(settings);
            }
            Event::SettingsChanged { settings, .. } => self.settings = Some(settings),
            Event::VerticalEnabled { vertical } => {
                self.verticals.insert(vertical);
            }
            Event::VerticalDisabled { vertical } => {
                self.verticals.remove(&vertical);
            }
            Event::Suspended { .. } => self.standing = Standing::Suspended,
            Event::Reactivated {} => self.standing = Standing::Open,
            Event::Closed { .. } => self.standing = Standing::Closed,
        }
    }
}
