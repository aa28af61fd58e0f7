//! Which prices of models a tenant has set: a row a model, with all versions.

mod fold;

pub use fold::{ModelPriceList, ModelPriceRow};
