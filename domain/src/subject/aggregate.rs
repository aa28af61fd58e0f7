//! When a person's data may be erased.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Command, Event, HoldName, SubjectId};
use crate::kernel::{Blank, aggregate, not_blank};

/// A data subject's state, as far as its rules need it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Subject {
    holds: BTreeSet<HoldName>,
    forgotten: u32,
}

/// Why a command about a data subject was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error, strum::IntoStaticStr)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Refusal {
    /// A legal hold is stronger.
    #[error("the subject is under legal hold ({0}): nothing of it may be erased before the hold is lifted")]
    UnderLegalHold(String),
    /// The name is taken.
    #[error("the subject is under the hold {0} already")]
    AlreadyHeld(HoldName),
    /// No such hold.
    #[error("the subject is not under the hold {0}")]
    NotHeld(HoldName),
    /// A text that must say something.
    #[error(transparent)]
    Blank(#[from] Blank),
}

// Whoever asks to be forgotten need not wait until a suspended tenant has paid.
aggregate!(Subject, "subject", SubjectId, |_| Ok(()));

impl Subject {
    /// Refuses the command, or lists what happens.
    fn decide(&self, command: Command, _at: Timestamp) -> Result<Vec<Event>, Refusal> {
        let event = match command {
            Command::Forget { reason } => {
                not_blank("reason", &reason)?;
                if !self.holds.is_empty() {
                    let holds: Vec<&str> = self.holds.iter().map(HoldName::as_str).collect();
                    return Err(Refusal::UnderLegalHold(holds.join(", ")));
                }
                Event::Forgotten {
                    reason,
                    number: self.forgotten + 1,
                }
            }
            Command::PlaceHold { hold, reason } => {
                not_blank("reason", &reason)?;
                if self.holds.contains(&hold) {
                    return Err(Refusal::AlreadyHeld(hold));
                }
                Event::HoldPlaced { hold, reason }
            }
            Command::LiftHold { hold, reason } => {
                not_blank("reason", &reason)?;
                if !self.holds.contains(&hold) {
                    return Err(Refusal::NotHeld(hold));
                }
                Event::HoldLifted { hold, reason }
            }
        };
        Ok(vec![event])
    }

    /// Takes in what happened.
    fn evolve(&mut self, event: Event) {
        match event {
            Event::Forgotten { number, .. } => self.forgotten = number,
            Event::HoldPlaced { hold, .. } => drop(self.holds.insert(hold)),
            Event::HoldLifted { hold, .. } => drop(self.holds.remove(&hold)),
        }
    }
}
