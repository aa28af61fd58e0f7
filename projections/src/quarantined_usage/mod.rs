//! Which events a meter could not count, and why.

mod fold;
mod query;

pub use fold::{QuarantinedEvent, QuarantinedUsage};
pub use query::{Quarantine, QuarantinePlace};
