//! What has happened to the data of a person.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::HoldName;
use crate::kernel::event_types;

/// A fact about a data subject; the subject is the stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The keys of the person's data were destroyed: whoever holds a copy of personal data of the subject erases it.
    Forgotten {
        /// On what ground.
        reason: String,
        /// How often it was forgotten by now: data may have come in after the first time.
        number: u32,
    },
    /// Erasing the person's data was forbidden.
    HoldPlaced {
        /// The hold's name.
        hold: HoldName,
        /// On what ground.
        reason: String,
    },
    /// A hold came to its end.
    HoldLifted {
        /// The hold's name.
        hold: HoldName,
        /// On what ground.
        reason: String,
    },
}

event_types! {
    Forgotten => "subject.forgotten" v 1,
    HoldPlaced => "subject.hold_placed" v 1,
    HoldLifted => "subject.hold_lifted" v 1,
}
