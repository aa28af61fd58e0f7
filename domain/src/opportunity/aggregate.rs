//! An opportunity's rules.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Command, Event, OpportunityId};
use crate::kernel::{
    BeforeBegin, Blank, Money, Negative, Vertical, aggregate, not_before, not_blank, not_negative,
};
use crate::tenant::NotOpen;

/// An opportunity's state, as far as its rules need it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Opportunity {
    opened: Option<Opened>,
    standing: Standing,
    /// What it brought, while it is won.
    #[serde(default)]
    value: Option<Money>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Opened {
    vertical: Vertical,
    stage: String,
    owner: Option<String>,
    at: Timestamp,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Standing {
    #[default]
    Open,
    Won,
    Lost,
}

/// Why an opportunity's command was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error, strum::IntoStaticStr)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Refusal {
    /// Its id is taken.
    #[error("this opportunity was opened before")]
    AlreadyOpened,
    /// Nobody opened it.
    #[error("there is no such opportunity")]
    NotFound,
    /// It is won or lost.
    #[error("the opportunity is closed: it was {0}")]
    Closed(&'static str),
    /// Only what has ended can be opened again.
    #[error("the opportunity is open, so there is no end to take back")]
    NotClosed,
    /// The same stage again.
    #[error("stage: the opportunity is in {0} already")]
    SameStage(String),
    /// It would close before it was opened.
    #[error(transparent)]
    BeforeBegin(#[from] BeforeBegin),
    /// An amount below zero.
    #[error(transparent)]
    Negative(#[from] Negative),
    /// A text that must say something.
    #[error(transparent)]
    Blank(#[from] Blank),
    /// The tenant does not admit commands.
    #[error(transparent)]
    #[strum(serialize = "TENANT_NOT_OPEN")]
    Tenant(#[from] NotOpen),
}

aggregate!(Opportunity, "opportunity", OpportunityId);

impl Opportunity {
    /// Refuses the command, or lists what happens.
    fn decide(&self, command: Command, at: Timestamp) -> Result<Vec<Event>, Refusal> {
        let event = match command {
            Command::Open {
                title,
                stage,
                vertical,
                account,
                owner,
                product,
                lead,
                expected,
            } => {
                if self.opened.is_some() {
                    return Err(Refusal::AlreadyOpened);
                }
                not_blank("title", &title)?;
                not_blank("stage", &stage)?;
                if let Some(expected) = expected {
                    not_negative("expected", expected)?;
                }
                Event::Opened {
                    title,
                    stage,
                    vertical,
                    account,
                    owner,
                    product,
                    lead,
                    expected,
                    opened_at: at,
                }
            }
            Command::ChangeStage { stage } => {
                let opened = self.open()?;
                not_blank("stage", &stage)?;
                if opened.stage == stage {
                    return Err(Refusal::SameStage(stage));
                }
                Event::StageChanged {
                    vertical: opened.vertical,
                    stage,
                    previous: opened.stage,
                    opened_at: opened.at,
                }
            }
            Command::Win { value } => {
                let opened = self.open()?;
                not_negative("value", value)?;
                not_before(opened.at, at)?;
                Event::Won {
                    vertical: opened.vertical,
                    value,
                    stage: opened.stage,
                    owner: opened.owner,
                    opened_at: opened.at,
                }
            }
            Command::Lose { reason } => {
                let opened = self.open()?;
                not_blank("reason", &reason)?;
                not_before(opened.at, at)?;
                Event::Lost {
                    vertical: opened.vertical,
                    reason,
                    stage: opened.stage,
                    opened_at: opened.at,
                }
            }
            Command::Reopen { reason } => {
                let opened = self.opened.clone().ok_or(Refusal::NotFound)?;
                if self.standing == Standing::Open {
                    return Err(Refusal::NotClosed);
                }
                not_blank("reason", &reason)?;
                not_before(opened.at, at)?;
                Event::Reopened {
                    vertical: opened.vertical,
                    reason,
                    stage: opened.stage,
                    value: self.value,
                    opened_at: opened.at,
                }
            }
        };
        Ok(vec![event])
    }

    fn open(&self) -> Result<Opened, Refusal> {
        let opened = self.opened.clone().ok_or(Refusal::NotFound)?;
        match self.standing {
            Standing::Open => Ok(opened),
            Standing::Won => Err(Refusal::Closed("won")),
            Standing::Lost => Err(Refusal::Closed("lost")),
        }
    }

    /// Takes in what happened.
    fn evolve(&mut self, event: Event) {
        match event {
            Event::Opened {
                vertical,
                stage,
                owner,
                opened_at,
                ..
            } => {
                self.opened = Some(Opened {
                    vertical,
                    stage,
                    owner,
                    at: opened_at,
                });
            }
            Event::StageChanged { stage, .. } => {
                if let Some(opened) = &mut self.opened {
                    opened.stage = stage;
                }
            }
            Event::Won { value, .. } => {
                self.standing = Standing::Won;
                self.value = Some(value);
            }
            Event::Lost { .. } => self.standing = Standing::Lost,
            Event::Reopened { .. } => {
                self.standing = Standing::Open;
                self.value = None;
            }
        }
    }
}
