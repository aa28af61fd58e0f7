//! What was used: a row a meter, unit and day, cut in the tenant's zone.

mod fold;
mod query;
#[cfg(test)]
mod tests;

pub use fold::{DailyUsage, Day};
pub use query::Days;
