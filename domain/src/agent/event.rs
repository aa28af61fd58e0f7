//! What has happened to an agent.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kernel::{Vertical, event_types};

/// A fact about an agent. Facts after the configuration repeat its vertical, so that readers need no rules.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// It was set up.
    Configured {
        /// The name to show.
        name: String,
        /// The line of business it works in.
        vertical: Vertical,
        /// What it is told before anything else.
        prompt: String,
        /// The model that it runs on.
        model: String,
        /// The tools that it may call.
        tools: BTreeSet<String>,
        /// Always 1.
        revision: u32,
    },
    /// It works in another way.
    Revised {
        /// The line of business it works in.
        vertical: Vertical,
        /// What it is told from now on.
        prompt: String,
        /// The model from now on.
        model: String,
        /// The tools from now on.
        tools: BTreeSet<String>,
        /// Which state of it this is: 2 is the first revision.
        revision: u32,
    },
    /// It works no more.
    Retired {
        /// The line of business it worked in.
        vertical: Vertical,
        /// Why.
        reason: String,
        /// The last state of it.
        revision: u32,
    },
}

event_types! {
    Configured => "agent.configured" v 1,
    Revised => "agent.revised" v 1,
    Retired => "agent.retired" v 1,
}
