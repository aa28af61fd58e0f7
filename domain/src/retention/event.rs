//! What has happened to a tenant's retention.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kernel::event_types;

/// A fact about how long personal data is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// Personal data of a type is kept for so many days from now on.
    RuleSet {
        /// The events' stored name.
        event_type: String,
        /// From the day of recording on.
        days: u32,
        /// How many days it was before; null: for ever.
        previous: Option<u32>,
    },
    /// Personal data of a type is kept for ever again.
    RuleRemoved {
        /// The events' stored name.
        event_type: String,
        /// How many days it was.
        previous: u32,
    },
    /// The keys of the personal data that was recorded before a day were destroyed, but for subjects under legal hold.
    Applied {
        /// The events' stored name.
        event_type: String,
        /// The first of a month: what was recorded before it is erased.
        before: Date,
        /// The rule that was applied.
        days: u32,
    },
}

event_types! {
    RuleSet => "retention.rule_set" v 1,
    RuleRemoved => "retention.rule_removed" v 1,
    Applied => "retention.applied" v 1,
}
