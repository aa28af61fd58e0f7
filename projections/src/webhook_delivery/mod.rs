//! How deliveries of webhooks went: read from the senders' own table, which is no fold of the log.

mod query;

pub use query::{WebhookDeliveries, WebhookDelivery, WebhookPlace, WebhookTry};
