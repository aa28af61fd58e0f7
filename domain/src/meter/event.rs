//! What has happened to a meter.

use serde::{Deserialize, Serialize};

use super::Definition;
use crate::kernel::event_types;

/// A fact about a tenant's own meter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// It came to be: all events of the log count, also those before.
    Defined {
        /// 1.
        version: u32,
        /// What it counts.
        definition: Definition,
    },
    /// It counts something else in its new version, over all events of the log; the versions before go on as they are.
    Changed {
        /// The new version.
        version: u32,
        /// What it counts.
        definition: Definition,
    },
    /// No version counts any further.
    Retired {
        /// Why.
        reason: String,
        /// The last version.
        version: u32,
    },
}

event_types! {
    Defined => "meter.defined" v 1,
    Changed => "meter.changed" v 1,
    Retired => "meter.retired" v 1,
}
