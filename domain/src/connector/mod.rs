//! A connector: a way to a foreign system, registered with its settings. Its credentials are kept elsewhere.

mod aggregate;
mod command;
mod event;
mod fingerprint;
#[cfg(test)]
pub(crate) mod tests;

pub use aggregate::{Connector, Refusal};
pub use command::Command;
pub use event::Event;
pub use fingerprint::Fingerprint;

crate::kernel::entity_ids! {
    /// A connector's id inside its tenant.
    ConnectorId,
}
