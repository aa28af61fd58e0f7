//! A lead: somebody who may become a customer, from capture to conversion or disqualification.

mod aggregate;
mod command;
mod event;
#[cfg(test)]
pub(crate) mod tests;

pub use aggregate::{Lead, Refusal};
pub use command::Command;
pub use event::Event;

crate::kernel::entity_ids! {
    /// A lead's id inside its tenant.
    LeadId,
}
