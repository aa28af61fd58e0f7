//! The values that a run is made of.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kernel::MoneyByCurrency;

/// How a call of a tool went.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
    strum::Display,
    strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ToolOutcome {
    /// It did what was asked.
    Ok,
    /// It did not.
    Failed,
}

/// What a completed run came to.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
    strum::Display,
    strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum RunResult {
    /// The goal was reached, and somebody or something confirmed it.
    Resolved,
    /// Nobody said otherwise.
    Assumed,
    /// A person took over.
    Escalated,
    /// The other side left.
    Abandoned,
}

/// What a run used from its start to its end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Totals {
    /// How many calls of models.
    pub model_calls: u64,
    /// How many calls of tools, failed ones included.
    pub tool_calls: u64,
    /// Tokens sent to models, cached ones included.
    pub input_tokens: u64,
    /// Those of the tokens sent that came from a cache.
    pub cached_tokens: u64,
    /// Tokens that models wrote.
    pub output_tokens: u64,
    /// What the models' calls cost, each currency for itself.
    pub costs: MoneyByCurrency,
}
