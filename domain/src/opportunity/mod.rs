//! An opportunity: business that may be won, from its opening to a win with a value or a loss with a reason.

mod aggregate;
mod command;
mod event;
#[cfg(test)]
pub(crate) mod tests;

pub use aggregate::{Opportunity, Refusal};
pub use command::Command;
pub use event::Event;

crate::kernel::entity_ids! {
    /// An opportunity's id inside its tenant.
    OpportunityId,
}
