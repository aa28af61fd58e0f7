//! Which keys open a tenant.

mod fold;
mod query;

pub use fold::{ApiKeys, KeyRow};
