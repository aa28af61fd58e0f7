//! A claim's own values.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which of the payer's decisions on a claim it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Determination {
    /// The first one, on the claim as it was submitted.
    Initial,
    /// One that an appeal asked for.
    OnAppeal,
}
