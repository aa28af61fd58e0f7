//! What has happened to a workspace.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kernel::event_types;

/// A fact about a workspace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// It was set up.
    Created {
        /// The name to show.
        name: String,
    },
    /// It has another name.
    Renamed {
        /// From now on.
        name: String,
        /// Until now.
        previous: String,
    },
    /// It was put away.
    Archived {
        /// The name it had last.
        name: String,
    },
}

event_types! {
    Created => "workspace.created" v 1,
    Renamed => "workspace.renamed" v 1,
    Archived => "workspace.archived" v 1,
}
