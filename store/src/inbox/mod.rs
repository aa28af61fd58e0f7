//! The inbox: what other systems' webhooks brought, byte for byte, and what they told of their things so far.
//!
//! It lies beside the log, not in it: the bytes may hold personal data, and can be removed. What follows from them are
//! events like any others.

mod deliveries;
mod people;
mod things;

pub use deliveries::{Delivery, DeliveryState, Found, Inbox, NewDelivery, Settled};
pub use people::Mention;
pub use things::{Owned, Revision, Thing, ThingKey};
