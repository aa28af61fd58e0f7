//! Which subscriptions there are, and what was paid for each.

mod fold;
#[cfg(test)]
mod tests;

pub use fold::{SubscriptionList, SubscriptionRow};
