//! The outbox: which deliveries of webhooks wait, who makes them, and how they went.
//!
//! One process at a time turns the log into deliveries (`plan`), with its place in the log in the same transaction; any
//! number of processes make them (`deliveries`), each under a lease.

mod deliveries;
mod plan;

pub use deliveries::{Attempt, Claimed, Claims, Outbox, Verdict};
pub use plan::{Change, Queue, Queued};
