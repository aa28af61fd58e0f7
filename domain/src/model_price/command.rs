//! What may be asked of the price of a model.

use serde::{Deserialize, Serialize};

use crate::pricing::TokenPrice;

/// A wish to change what a model costs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Say what a model costs from a moment on.
    Set {
        /// Who runs the model.
        provider: String,
        /// The model.
        model: String,
        /// What it costs.
        price: TokenPrice,
    },
}
