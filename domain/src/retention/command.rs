//! What may be asked of a tenant's retention.

use serde::{Deserialize, Serialize};

/// A wish about how long personal data is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Keep the personal data of events of a type for so many days.
    SetRule {
        /// The stored name, for instance `access.denied`.
        event_type: String,
        /// From the day of recording on: 1 to 36,500.
        days: u32,
    },
    /// Keep it for ever again.
    RemoveRule {
        /// The stored name.
        event_type: String,
    },
    /// Erase what a rule does not keep any more.
    Apply {
        /// The stored name.
        event_type: String,
    },
}
