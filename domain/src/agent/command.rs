//! What may be asked of an agent.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::kernel::Vertical;

/// A wish to change an agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Set it up.
    Configure {
        /// The name to show.
        name: String,
        /// The line of business it works in.
        vertical: Vertical,
        /// What it is told before anything else.
        prompt: String,
        /// The model that it runs on.
        model: String,
        /// The tools that it may call.
        #[serde(default)]
        tools: BTreeSet<String>,
    },
    /// Change how it works; what is left out stays.
    Revise {
        /// What it is told before anything else.
        #[serde(default)]
        prompt: Option<String>,
        /// The model that it runs on.
        #[serde(default)]
        model: Option<String>,
        /// The tools that it may call.
        #[serde(default)]
        tools: Option<BTreeSet<String>>,
    },
    /// Let it work no more.
    Retire {
        /// Why.
        reason: String,
    },
}
