//! What has happened in an agent's run.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{RunResult, ToolOutcome, Totals};
use crate::kernel::{Money, Vertical, event_types};

/// A fact about an agent's run. Each repeats the agent and the vertical, and an end repeats the start and
/// the totals, so that readers need no rules.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// It began.
    Started {
        /// The agent that runs.
        agent: String,
        /// The line of business it works in.
        vertical: Vertical,
        /// What it is to reach.
        goal: Option<String>,
        /// The lead it works on.
        lead: Option<String>,
        /// The opportunity it works on.
        opportunity: Option<String>,
        /// The claim it works on.
        claim: Option<String>,
        /// When it began.
        started_at: Timestamp,
    },
    /// A model was called.
    ModelCallRecorded {
        /// The agent that runs.
        agent: String,
        /// The line of business it works in.
        vertical: Vertical,
        /// Who runs the model.
        provider: String,
        /// The model.
        model: String,
        /// Tokens sent to it, cached ones included.
        input_tokens: u64,
        /// Those of the tokens sent that came from a cache.
        cached_tokens: u64,
        /// Tokens that it wrote.
        output_tokens: u64,
        /// What the call cost.
        cost: Option<Money>,
    },
    /// A tool was called.
    ToolCallRecorded {
        /// The agent that runs.
        agent: String,
        /// The line of business it works in.
        vertical: Vertical,
        /// The tool.
        tool: String,
        /// How it went.
        outcome: ToolOutcome,
        /// How long it took.
        duration_ms: Option<u64>,
    },
    /// It ended with an outcome.
    Completed {
        /// The agent that ran.
        agent: String,
        /// The line of business it worked in.
        vertical: Vertical,
        /// What came of it, in words.
        outcome: String,
        /// What came of it, to count by.
        result: RunResult,
        /// When it began.
        started_at: Timestamp,
        /// From the start to the end.
        duration_ms: u64,
        /// What it used.
        totals: Totals,
    },
    /// It ended because something broke.
    Failed {
        /// The agent that ran.
        agent: String,
        /// The line of business it worked in.
        vertical: Vertical,
        /// What broke.
        reason: String,
        /// When it began.
        started_at: Timestamp,
        /// From the start to the end.
        duration_ms: u64,
        /// What it used.
        totals: Totals,
    },
    /// It ended because somebody wanted it to end.
    Canceled {
        /// The agent that ran.
        agent: String,
        /// The line of business it worked in.
        vertical: Vertical,
        /// Why.
        reason: String,
        /// When it began.
        started_at: Timestamp,
        /// From the start to the end.
        duration_ms: u64,
        /// What it used.
        totals: Totals,
    },
}

event_types! {
    Started => "agent_run.started" v 1,
    ModelCallRecorded => "agent_run.model_call_recorded" v 1,
    ToolCallRecorded => "agent_run.tool_call_recorded" v 1,
    Completed => "agent_run.completed" v 1,
    Failed => "agent_run.failed" v 1,
    Canceled => "agent_run.canceled" v 1,
}
