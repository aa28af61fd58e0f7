//! Which subscriptions there are, and what was paid for each.

mod fold;

pub use fold::{SubscriptionList, SubscriptionRow};
