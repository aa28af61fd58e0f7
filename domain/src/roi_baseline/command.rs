//! What may be asked of a baseline.

use serde::{Deserialize, Serialize};

use crate::kernel::Vertical;
use crate::roi::Basis;

/// A wish to change a baseline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Let it hold from now on.
    Register {
        /// What it is called.
        name: String,
        /// The line of business that it is of; none: of all together.
        #[serde(default)]
        vertical: Option<Vertical>,
        /// By what periods are measured.
        basis: Basis,
    },
    /// Let it hold no more.
    Withdraw {
        /// Why.
        reason: String,
    },
}
