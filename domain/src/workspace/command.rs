//! What may be asked of a workspace.

use serde::{Deserialize, Serialize};

/// A wish to change a workspace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Set it up.
    Create {
        /// The name to show.
        name: String,
    },
    /// Call it something else.
    Rename {
        /// The name to show.
        name: String,
    },
    /// Put it away for good.
    Archive,
}
