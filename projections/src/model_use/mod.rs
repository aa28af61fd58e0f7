//! Which models were used how much: a row a quarter of an hour, agent and model, so that each row has one price.

mod fold;
mod query;

pub use fold::{ModelUse, ModelUseRow};
pub use query::Uses;
