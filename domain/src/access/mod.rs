//! Access: facts of who came in and who was turned away, appended without a decision.

mod aggregate;
mod command;
mod door;
mod event;
#[cfg(test)]
pub(crate) mod tests;

pub use aggregate::{Access, Refusal};
pub use command::Command;
pub use door::{NotTaken, NotTakenRecord};
pub use event::Event;

crate::kernel::entity_ids! {
    /// A fact's id inside its tenant.
    AccessId,
}
