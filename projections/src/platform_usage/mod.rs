//! What tenants used of the platform a month, and what their models cost: what its administrator compares. The platform's
//! months are those of UTC.

mod fold;
mod query;
#[cfg(test)]
mod tests;

pub use fold::{AI_COST, PlatformUsage, UsageMonth, month_of};
