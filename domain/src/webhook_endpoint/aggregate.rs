//! A webhook endpoint's rules.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Command, Event, Secret, Settings, WebhookEndpointId};
use crate::kernel::{Blank, aggregate, not_blank};
use crate::tenant::NotOpen;

const OVERLAP_S_AT_MOST: u32 = 30 * 24 * 60 * 60;
const FILTERS_AT_MOST: usize = 100;

/// An endpoint's state, as far as its rules need it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WebhookEndpoint {
    settings: Option<Settings>,
    secret: Option<Secret>,
    standing: Standing,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Standing {
    #[default]
    Active,
    Paused,
    Removed,
}

/// Why an endpoint's command was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error, strum::IntoStaticStr)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Refusal {
    /// Its id is taken.
    #[error("this endpoint was created before")]
    AlreadyCreated,
    /// Nobody created it.
    #[error("there is no such webhook endpoint")]
    NotFound,
    /// It is gone.
    #[error("the webhook endpoint was removed")]
    Removed,
    /// It is set like this already.
    #[error("settings: they are the same as before")]
    NothingNew,
    /// It rests already.
    #[error("the webhook endpoint is paused already")]
    AlreadyPaused,
    /// Only a paused endpoint can be resumed.
    #[error("the webhook endpoint is not paused")]
    NotPaused,
    /// Too long an overlap of secrets.
    #[error("overlapSeconds: {0} is more than {OVERLAP_S_AT_MOST} (30 days)")]
    OverlapTooLong(u32),
    /// No events, or too many filters.
    #[error("events: give 1 to {FILTERS_AT_MOST} types or families, for instance lead.* or *")]
    Filters,
    /// A redelivery of nothing.
    #[error("after and upto: there is nothing between {after} and {upto}")]
    NothingBetween {
        /// After this position.
        after: u64,
        /// Up to this one.
        upto: u64,
    },
    /// A text that must say something.
    #[error(transparent)]
    Blank(#[from] Blank),
    /// The tenant does not admit commands.
    #[error(transparent)]
    #[strum(serialize = "TENANT_NOT_OPEN")]
    Tenant(#[from] NotOpen),
}

aggregate!(WebhookEndpoint, "webhook_endpoint", WebhookEndpointId);

impl WebhookEndpoint {
    /// Refuses the command, or lists what happens.
    fn decide(&self, command: Command, at: Timestamp) -> Result<Vec<Event>, Refusal> {
        let event = match command {
            Command::Create { settings, secret } => {
                if self.settings.is_some() {
                    return Err(Refusal::AlreadyCreated);
                }
                fit(&settings)?;
                Event::Created { settings, secret }
            }
            Command::Change { settings } => {
                let previous = self.there()?.0.clone();
                fit(&settings)?;
                if previous == settings {
                    return Err(Refusal::NothingNew);
                }
                Event::Changed { settings, previous }
            }
            Command::RotateSecret {
                secret,
                overlap_seconds,
            } => {
                let previous = self.there()?.1.clone();
                if overlap_seconds > OVERLAP_S_AT_MOST {
                    return Err(Refusal::OverlapTooLong(overlap_seconds));
                }
                let overlap = SignedDuration::from_secs(overlap_seconds.into());
                Event::SecretRotated {
                    secret,
                    previous,
                    previous_until: at.saturating_add(overlap).unwrap_or(at),
                }
            }
            Command::Pause { reason } => {
                self.there()?;
                not_blank("reason", &reason)?;
                if self.standing == Standing::Paused {
                    return Err(Refusal::AlreadyPaused);
                }
                Event::Paused { reason }
            }
            Command::Resume => {
                self.there()?;
                if self.standing != Standing::Paused {
                    return Err(Refusal::NotPaused);
                }
                Event::Resumed {}
            }
            Command::Ping => {
                self.there()?;
                Event::Pinged {}
            }
            Command::Redeliver { after, upto } => {
                self.there()?;
                if after >= upto {
                    return Err(Refusal::NothingBetween { after, upto });
                }
                Event::RedeliveryAsked { after, upto }
            }
            Command::Remove { reason } => {
                self.there()?;
                not_blank("reason", &reason)?;
                Event::Removed { reason }
            }
        };
        Ok(vec![event])
    }

    fn there(&self) -> Result<(&Settings, &Secret), Refusal> {
        match (&self.settings, &self.secret) {
            (Some(settings), Some(secret)) if self.standing != Standing::Removed => Ok((settings, secret)),
            (Some(_), _) => Err(Refusal::Removed),
            _ => Err(Refusal::NotFound),
        }
    }

    /// Takes in what happened.
    fn evolve(&mut self, event: Event) {
        match event {
            Event::Created { settings, secret } => {
                self.settings = Some(settings);
                self.secret = Some(secret);
            }
            Event::Changed { settings, .. } => self.settings = Some(settings),
            Event::SecretRotated { secret, .. } => self.secret = Some(secret),
            Event::Paused { .. } => self.standing = Standing::Paused,
            Event::Resumed {} => self.standing = Standing::Active,
            Event::Pinged {} | Event::RedeliveryAsked { .. } => {}
            Event::Removed { .. } => self.standing = Standing::Removed,
        }
    }
}

fn fit(settings: &Settings) -> Result<(), Refusal> {
    if settings.events.is_empty() || settings.events.len() > FILTERS_AT_MOST {
        return Err(Refusal::Filters);
    }
    Ok(())
}
