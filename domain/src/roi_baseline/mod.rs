//! Baselines of returns: registered before the periods that they are held against, so that nobody picks one afterwards.

mod aggregate;
mod command;
mod event;
#[cfg(test)]
pub(crate) mod tests;

pub use aggregate::{Refusal, Registered, RoiBaseline, registered};
pub use command::Command;
pub use event::Event;

crate::kernel::entity_ids! {
    /// A baseline's id inside its tenant.
    RoiBaselineId,
}
