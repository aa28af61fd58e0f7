//! Retention: for how long a tenant keeps the personal data of its events, by type.

mod aggregate;
mod command;
mod event;
#[cfg(test)]
pub(crate) mod tests;

pub use aggregate::{Refusal, Retention};
pub use command::Command;
pub use event::Event;

crate::kernel::entity_ids! {
    /// A tenant's rules: the tenant's own id.
    RetentionId,
}
