//! What may be asked of a data subject.

use serde::{Deserialize, Serialize};

use super::HoldName;

/// A wish about the data of one person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Erase what is known about the person.
    Forget {
        /// On what ground, for instance `request 17 of the person`.
        reason: String,
    },
    /// Forbid the erasure, whoever asks for it.
    PlaceHold {
        /// The hold's name.
        hold: HoldName,
        /// On what ground.
        reason: String,
    },
    /// Allow the erasure again, as far as this hold goes.
    LiftHold {
        /// The hold's name.
        hold: HoldName,
        /// On what ground.
        reason: String,
    },
}
