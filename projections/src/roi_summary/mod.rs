//! What it earned: a row a vertical and month, cut in the tenant's zone.

mod fold;
mod query;
#[cfg(test)]
mod tests;

pub use fold::{Month, RoiSummary};
pub use query::Months;
