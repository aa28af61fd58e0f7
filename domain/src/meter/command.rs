//! What may be asked of a meter.

use serde::{Deserialize, Serialize};

use super::Definition;

/// A wish to change a tenant's own meter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Count something.
    Define {
        /// What.
        definition: Definition,
    },
    /// Count something else, as a new version.
    Change {
        /// What.
        definition: Definition,
    },
    /// Count no further.
    Retire {
        /// Why.
        reason: String,
    },
}
