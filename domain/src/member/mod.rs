//! A member: a person with a role in a tenant, from the invitation to the removal.

mod aggregate;
mod command;
mod event;
mod role;
#[cfg(test)]
pub(crate) mod tests;

pub use aggregate::{Member, Refusal};
pub use command::Command;
pub use event::Event;
pub use role::Role;

crate::kernel::entity_ids! {
    /// A member's id inside its tenant.
    MemberId,
}
