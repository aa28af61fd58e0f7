//! Which webhook endpoints there are, and how each is set.

mod fold;

pub use fold::{WebhookEndpointList, WebhookEndpointRow};
