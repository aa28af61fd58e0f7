//! Usage: facts of what was used, appended without a decision, whatever a tenant wants to count.

mod aggregate;
mod command;
mod event;
mod fact;
#[cfg(test)]
pub(crate) mod tests;

pub use aggregate::{Refusal, Usage};
pub use command::Command;
pub use event::Event;
pub use fact::{Fact, FactType, InvalidFact};

crate::kernel::entity_ids! {
    /// A fact's id inside its tenant.
    FactId,
}
