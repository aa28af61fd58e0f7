//! What may be asked of an opportunity.

use serde::{Deserialize, Serialize};

use crate::kernel::{Money, Vertical};

/// A wish to change an opportunity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Begin to work on it.
    Open {
        /// What it is called.
        title: String,
        /// Where it stands in the tenant's own process.
        stage: String,
        /// The line of business it belongs to.
        vertical: Vertical,
        /// The customer.
        #[serde(default)]
        account: Option<String>,
        /// The member or agent who works on it.
        #[serde(default)]
        owner: Option<String>,
        /// What would be sold.
        #[serde(default)]
        product: Option<String>,
        /// The lead it came of.
        #[serde(default)]
        lead: Option<String>,
        /// What it may bring.
        #[serde(default)]
        expected: Option<Money>,
    },
    /// Move it on, or back.
    ChangeStage {
        /// Where it stands now.
        stage: String,
    },
    /// Close it with a result.
    Win {
        /// What it brought.
        value: Money,
    },
    /// Close it without one.
    Lose {
        /// Why.
        reason: String,
    },
    /// Take back that it ended.
    Reopen {
        /// Why.
        reason: String,
    },
}
