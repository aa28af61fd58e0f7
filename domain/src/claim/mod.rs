//! A claim: a bill to a payer, from its submission over the payer's decisions to what was recovered.

mod aggregate;
mod command;
mod event;
#[cfg(test)]
pub(crate) mod tests;
mod value;

pub use aggregate::{Claim, Refusal};
pub use command::Command;
pub use event::Event;
pub use value::Determination;

crate::kernel::entity_ids! {
    /// A claim's id inside its tenant.
    ClaimId,
}
