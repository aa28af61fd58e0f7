//! A workspace: a part of a tenant with a name of its own, from its creation until it is archived.

mod aggregate;
mod command;
mod event;
#[cfg(test)]
pub(crate) mod tests;

pub use aggregate::{Refusal, Workspace};
pub use command::Command;
pub use event::Event;

crate::kernel::entity_ids! {
    /// A workspace's id inside its tenant.
    WorkspaceId,
}
