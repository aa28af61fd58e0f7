//! What has happened to an opportunity.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kernel::{Money, Vertical, event_types};

/// A fact about an opportunity. Facts after the opening repeat its vertical and time, so that readers need
/// no rules.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// Work on it began.
    Opened {
        /// What it is called.
        title: String,
        /// Where it stands in the tenant's own process.
        stage: String,
        /// The line of business it belongs to.
        vertical: Vertical,
        /// The customer.
        account: Option<String>,
        /// The member or agent who works on it.
        owner: Option<String>,
        /// What would be sold.
        product: Option<String>,
        /// The lead it came of.
        lead: Option<String>,
        /// What it may bring.
        expected: Option<Money>,
        /// When it was opened.
        opened_at: Timestamp,
    },
    /// It moved.
    StageChanged {
        /// The line of business it belongs to.
        vertical: Vertical,
        /// Where it stands now.
        stage: String,
        /// Where it stood before.
        previous: String,
        /// When it was opened.
        opened_at: Timestamp,
    },
    /// It ended with a result.
    Won {
        /// The line of business it belongs to.
        vertical: Vertical,
        /// What it brought.
        value: Money,
        /// Where it stood last.
        stage: String,
        /// Who worked on it.
        owner: Option<String>,
        /// When it was opened.
        opened_at: Timestamp,
    },
    /// It ended without one.
    Lost {
        /// The line of business it belongs to.
        vertical: Vertical,
        /// Why.
        reason: String,
        /// Where it stood last.
        stage: String,
        /// When it was opened.
        opened_at: Timestamp,
    },
    /// It is open again: what was said of its end does not hold.
    Reopened {
        /// The line of business it belongs to.
        vertical: Vertical,
        /// Why.
        reason: String,
        /// Where it stands, as it stood last.
        stage: String,
        /// What it had brought, if it was won: that is taken back.
        value: Option<Money>,
        /// When it was opened.
        opened_at: Timestamp,
    },
}

event_types! {
    Opened => "opportunity.opened" v 1,
    StageChanged => "opportunity.stage_changed" v 1,
    Won => "opportunity.won" v 1,
    Lost => "opportunity.lost" v 1,
    Reopened => "opportunity.reopened" v 1,
}
