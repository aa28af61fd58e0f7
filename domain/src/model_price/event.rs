//! What has happened to the price of a model.

use serde::{Deserialize, Serialize};

use crate::kernel::event_types;
use crate::pricing::TokenPrice;

/// A fact about what a model costs a tenant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// It costs so much from a moment on. A later fact of the same moment takes its place.
    Set {
        /// Who runs the model.
        provider: String,
        /// The model.
        model: String,
        /// What it costs.
        price: TokenPrice,
    },
}

event_types! {
    Set => "model_price.set" v 1,
}
