//! An agent: a prompt, a model and tools, configured as data and revised until it is retired.

mod aggregate;
mod command;
mod event;
#[cfg(test)]
pub(crate) mod tests;

pub use aggregate::{Agent, Refusal};
pub use command::Command;
pub use event::Event;

crate::kernel::entity_ids! {
    /// An agent's id inside its tenant.
    AgentId,
}
