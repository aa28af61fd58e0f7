//! What may be asked of a plan.

use serde::{Deserialize, Serialize};

use crate::pricing::PlanVersion;

/// A wish to change a tenant's own plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Offer something.
    Define {
        /// Its name on an invoice.
        name: String,
        /// Its first version.
        version: PlanVersion,
    },
    /// Offer it otherwise from a day on.
    AddVersion {
        /// The version, whose number follows the last one's.
        version: PlanVersion,
    },
}
