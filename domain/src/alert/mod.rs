//! Alerts: a figure that somebody wants to hear of when it passes a threshold, or leaves its usual range.

mod aggregate;
mod command;
mod event;
mod pattern;
#[cfg(test)]
pub(crate) mod tests;
mod watch;

pub use aggregate::{Alert, Refusal};
pub use command::Command;
pub use event::Event;
pub use pattern::{WEEKS, usual_range};
pub use watch::{Range, Sighting, Watch};

crate::kernel::entity_ids! {
    /// An alert's id inside its tenant.
    AlertId,
}
