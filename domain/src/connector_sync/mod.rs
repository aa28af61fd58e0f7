//! A connector's sync: one run over a source, from its start to its completion with counts, or its failure.

mod aggregate;
mod command;
mod event;
#[cfg(test)]
pub(crate) mod tests;

pub use aggregate::{ConnectorSync, Refusal};
pub use command::Command;
pub use event::Event;

crate::kernel::entity_ids! {
    /// A sync's id inside its tenant.
    ConnectorSyncId,
}
