//! What may be asked of an agent's run.

use serde::{Deserialize, Serialize};

use super::{RunResult, ToolOutcome};
use crate::kernel::{Money, Vertical};

/// A wish to change an agent's run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Begin.
    Start {
        /// The agent that runs.
        agent: String,
        /// The line of business it works in.
        vertical: Vertical,
        /// What it is to reach.
        #[serde(default)]
        goal: Option<String>,
        /// The lead it works on.
        #[serde(default)]
        lead: Option<String>,
        /// The opportunity it works on.
        #[serde(default)]
        opportunity: Option<String>,
        /// The claim it works on.
        #[serde(default)]
        claim: Option<String>,
    },
    /// Take down that a model was called.
    RecordModelCall {
        /// Who runs the model.
        provider: String,
        /// The model.
        model: String,
        /// Tokens sent to it, cached ones included.
        input_tokens: u64,
        /// Those of the tokens sent that came from a cache.
        #[serde(default)]
        cached_tokens: u64,
        /// Tokens that it wrote.
        output_tokens: u64,
        /// What the call cost.
        #[serde(default)]
        cost: Option<Money>,
    },
    /// Take down that a tool was called.
    RecordToolCall {
        /// The tool.
        tool: String,
        /// How it went.
        outcome: ToolOutcome,
        /// How long it took.
        #[serde(default)]
        duration_ms: Option<u64>,
    },
    /// End it with an outcome.
    Complete {
        /// What came of it, in words.
        outcome: String,
        /// What came of it, to count by.
        result: RunResult,
    },
    /// End it because something broke.
    Fail {
        /// What broke.
        reason: String,
    },
    /// End it because somebody wants it to end.
    Cancel {
        /// Why.
        reason: String,
    },
}
