//! What has happened to a baseline.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kernel::{Vertical, event_types};
use crate::roi::Basis;

/// A fact about a baseline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// It holds for periods that begin after this fact was recorded.
    Registered {
        /// What it is called.
        name: String,
        /// The line of business that it is of; none: of all together.
        vertical: Option<Vertical>,
        /// By what periods are measured.
        basis: Basis,
    },
    /// It holds for no period that begins after this fact was recorded.
    Withdrawn {
        /// Why.
        reason: String,
    },
}

event_types! {
    Registered => "roi_baseline.registered" v 1,
    Withdrawn => "roi_baseline.withdrawn" v 1,
}
