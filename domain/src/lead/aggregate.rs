//! A lead's rules.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Command, Event, LeadId};
use crate::kernel::{Blank, Personal, Vertical, aggregate, not_blank};
use crate::tenant::NotOpen;

/// A lead's state, as far as its rules need it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Lead {
    captured: Option<Captured>,
    stage: Stage,
    assignee: Option<String>,
    contacts: u32,
    attributes: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Captured {
    vertical: Vertical,
    at: Timestamp,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Stage {
    #[default]
    New,
    Qualified,
    Converted,
    Disqualified,
}

/// Why a lead's command was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error, strum::IntoStaticStr)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Refusal {
    /// Its id is taken.
    #[error("this lead was captured before")]
    AlreadyCaptured,
    /// Nobody captured it.
    #[error("there is no such lead")]
    NotFound,
    /// It is already qualified.
    #[error("the lead is qualified already")]
    AlreadyQualified,
    /// It is converted or disqualified.
    #[error("the lead is closed: it was {0}")]
    Closed(&'static str),
    /// A score over 100.
    #[error("score: {0} is not between 0 and 100")]
    ScoreOutOfRange(u8),
    /// An enrichment without a single new value.
    #[error("attributes: there is nothing new in it")]
    NothingNew,
    /// The same assignee again.
    #[error("the lead is assigned to {0} already")]
    AlreadyAssigned(String),
    /// A text that must say something.
    #[error(transparent)]
    Blank(#[from] Blank),
    /// The tenant does not admit commands.
    #[error(transparent)]
    #[strum(serialize = "TENANT_NOT_OPEN")]
    Tenant(#[from] NotOpen),
}

aggregate!(Lead, "lead", LeadId);

impl Lead {
    /// Refuses the command, or lists what happens.
    fn decide(&self, command: Command, at: Timestamp) -> Result<Vec<Event>, Refusal> {
        let event = match command {
            Command::Capture {
                vertical,
                source,
                name,
                email,
                phone,
            } => {
                if self.captured.is_some() {
                    return Err(Refusal::AlreadyCaptured);
                }
                not_blank("source", &source)?;
                Event::Captured {
                    vertical,
                    source,
                    name,
                    email,
                    phone,
                    captured_at: at,
                }
            }
            Command::Enrich { mut attributes } => {
                self.open()?;
                attributes.retain(|name, value| self.attributes.get(name) != Some(value));
                if attributes.is_empty() {
                    return Err(Refusal::NothingNew);
                }
                Event::Enriched {
                    attributes: Personal::new(attributes),
                }
            }
            Command::Qualify { score } => {
                let Captured {
                    vertical,
                    at: captured_at,
                } = self.open()?;
                if score > 100 {
                    return Err(Refusal::ScoreOutOfRange(score));
                }
                if self.stage == Stage::Qualified {
                    return Err(Refusal::AlreadyQualified);
                }
                Event::Qualified {
                    vertical,
                    score,
                    captured_at,
                }
            }
            Command::Assign { assignee } => {
                self.open()?;
                not_blank("assignee", &assignee)?;
                if self.assignee.as_ref() == Some(&assignee) {
                    return Err(Refusal::AlreadyAssigned(assignee));
                }
                Event::Assigned {
                    assignee,
                    previous: self.assignee.clone(),
                }
            }
            Command::Contact { channel } => {
                let Captured {
                    vertical,
                    at: captured_at,
                } = self.open()?;
                not_blank("channel", &channel)?;
                Event::Contacted {
                    vertical,
                    channel,
                    number: self.contacts + 1,
                    captured_at,
                }
            }
            Command::Convert { opportunity } => {
                let Captured {
                    vertical,
                    at: captured_at,
                } = self.open()?;
                Event::Converted {
                    vertical,
                    opportunity,
                    captured_at,
                }
            }
            Command::Disqualify { reason } => {
                let Captured {
                    vertical,
                    at: captured_at,
                } = self.open()?;
                not_blank("reason", &reason)?;
                Event::Disqualified {
                    vertical,
                    reason,
                    captured_at,
                }
            }
        };
        Ok(vec![event])
    }

    fn open(&self) -> Result<Captured, Refusal> {
        let captured = self.captured.clone().ok_or(Refusal::NotFound)?;
        match self.stage {
            Stage::New | Stage::Qualified => Ok(captured),
            Stage::Converted => Err(Refusal::Closed("converted")),
            Stage::Disqualified => Err(Refusal::Closed("disqualified")),
        }
    }

    /// Takes in what happened.
    fn evolve(&mut self, event: Event) {
        match event {
            Event::Captured {
                vertical,
                captured_at,
                ..
            } => {
                self.captured = Some(Captured {
                    vertical,
                    at: captured_at,
                });
            }
            Event::Enriched { attributes } => {
                if let Personal::Clear(attributes) = attributes {
                    self.attributes.extend(attributes);
                }
            }
            Event::Qualified { .. } => self.stage = Stage::Qualified,
            Event::Assigned { assignee, .. } => self.assignee = Some(assignee),
            Event::Contacted { number, .. } => self.contacts = number,
            Event::Converted { .. } => self.stage = Stage::Converted,
            Event::Disqualified { .. } => self.stage = Stage::Disqualified,
        }
    }
}
