//! What it earned: a row a vertical and month, cut in the tenant's zone.

mod fold;
mod query;

pub use fold::{Month, RoiSummary};
