//! An API key's rules.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{ApiKeyId, Command, Event, KeyHash};
use crate::kernel::{Blank, aggregate, not_blank};
use crate::tenant::NotOpen;

const PREFIX_LENGTH: usize = 8;

/// How long two keys may be in force side by side.
const OVERLAP_SECONDS: u32 = 30 * 24 * 60 * 60;

/// An API key's state, as far as its rules need it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ApiKey {
    hash: Option<KeyHash>,
    revoked: bool,
}

/// Why an API key's command was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error, strum::IntoStaticStr)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Refusal {
    /// Its id is taken.
    #[error("this API key was issued before")]
    AlreadyIssued,
    /// Nobody issued it.
    #[error("there is no such API key")]
    NotFound,
    /// It is out of force.
    #[error("the API key was revoked")]
    Revoked,
    /// A rotation to the key in force.
    #[error("hash: it is that of the key in force")]
    SameKey,
    /// The key before would go on for too long.
    #[error("overlapSeconds: {0} is more than the {OVERLAP_SECONDS} (30 days) that are allowed")]
    LongOverlap(u32),
    /// A key that opens nothing.
    #[error("scopes: at least one of read, write, ingest and admin is needed")]
    NoScope,
    /// A prefix that is too short to recognise a key by, or long enough to give it away.
    #[error("prefix: it has {0} characters, not {PREFIX_LENGTH}")]
    PrefixLength(usize),
    /// A text that must say something.
    #[error(transparent)]
    Blank(#[from] Blank),
    /// The tenant does not admit commands.
    #[error(transparent)]
    #[strum(serialize = "TENANT_NOT_OPEN")]
    Tenant(#[from] NotOpen),
}

aggregate!(ApiKey, "api_key", ApiKeyId);

impl ApiKey {
    /// Refuses the command, or lists what happens.
    fn decide(&self, command: Command, at: Timestamp) -> Result<Vec<Event>, Refusal> {
        let event = match command {
            Command::Issue {
                name,
                hash,
                prefix,
                scopes,
                origins,
            } => {
                if self.hash.is_some() {
                    return Err(Refusal::AlreadyIssued);
                }
                not_blank("name", &name)?;
                recognisable(&prefix)?;
                if scopes.is_empty() {
                    return Err(Refusal::NoScope);
                }
                Event::Issued {
                    name,
                    hash,
                    prefix,
                    scopes,
                    origins,
                }
            }
            Command::Rotate {
                hash,
                prefix,
                overlap_seconds,
            } => {
                let previous = self.in_force()?;
                recognisable(&prefix)?;
                if previous == hash {
                    return Err(Refusal::SameKey);
                }
                if overlap_seconds > OVERLAP_SECONDS {
                    return Err(Refusal::LongOverlap(overlap_seconds));
                }
                let overlap = SignedDuration::from_secs(overlap_seconds.into());
                let until = at.checked_add(overlap).ok();
                Event::Rotated {
                    hash,
                    prefix,
                    previous,
                    previous_until: until.filter(|until| *until > at),
                }
            }
            Command::Revoke { reason } => {
                let previous = self.in_force()?;
                not_blank("reason", &reason)?;
                Event::Revoked { reason, previous }
            }
        };
        Ok(vec![event])
    }

    fn in_force(&self) -> Result<KeyHash, Refusal> {
        let hash = self.hash.clone().ok_or(Refusal::NotFound)?;
        if self.revoked {
            return Err(Refusal::Revoked);
        }
        Ok(hash)
    }

    /// Takes in what happened.
    fn evolve(&mut self, event: Event) {
        match event {
            Event::Issued { hash, .. } | Event::Rotated { hash, .. } => self.hash = Some(hash),
            Event::Revoked { .. } => self.revoked = true,
        }
    }
}

fn recognisable(prefix: &str) -> Result<(), Refusal> {
    match prefix.chars().count() {
        PREFIX_LENGTH => Ok(()),
        other => Err(Refusal::PrefixLength(other)),
    }
}
