//! The frame that lets facts of access into the log, whatever the tenant's standing.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{AccessId, Command, Event};
use crate::kernel::aggregate;

/// A fact stands alone: there is no state to decide by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Access {}

/// Why a fact was refused: none ever is.
#[derive(Clone, Debug, PartialEq, thiserror::Error, strum::IntoStaticStr)]
pub enum Refusal {}

// Who knocks at a suspended tenant's door is written down too.
aggregate!(Access, "access", AccessId, |_| Ok(()));

impl Access {
    /// There is no command to decide on.
    const fn decide(self, command: Command, _at: Timestamp) -> Result<Vec<Event>, Refusal> {
        match command {}
    }

    /// Nothing to keep.
    fn evolve(self, event: Event) {
        match event {
            Event::Denied { .. }
            | Event::KeyUsed { .. }
            | Event::Operated { .. }
            | Event::Read { .. }
            | Event::Refused { .. }
            | Event::Seen { .. } => {}
        }
    }
}
