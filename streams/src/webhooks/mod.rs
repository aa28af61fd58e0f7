//! Webhooks out, as Standard Webhooks has them (<https://www.standardwebhooks.com>): the public events, sent to tenants'
//! endpoints at least once.
//!
//! In reading order: `plan` (the log becomes deliveries), `sender` (deliveries are made), `signing`, `addresses` (where no
//! request goes), `post` (one request), `schedule` (when it is tried again).

mod addresses;
mod plan;
mod post;
mod schedule;
mod sender;
mod signing;
#[cfg(test)]
mod tests;

pub use addresses::Reach;
pub use schedule::{BadSchedule, Schedule};
pub use sender::{Senders, Settings};
pub use signing::Signer;
