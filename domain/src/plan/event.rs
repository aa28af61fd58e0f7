//! What has happened to a plan.

use serde::{Deserialize, Serialize};

use crate::kernel::event_types;
use crate::pricing::PlanVersion;

/// A fact about a tenant's own plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// It came to be.
    Defined {
        /// Its name on an invoice.
        name: String,
        /// Its first version.
        version: PlanVersion,
    },
    /// It is to be something else from a day on; subscriptions of before keep the version that they began with.
    VersionAdded {
        /// The version.
        version: PlanVersion,
    },
}

event_types! {
    Defined => "plan.defined" v 1,
    VersionAdded => "plan.version_added" v 1,
}
