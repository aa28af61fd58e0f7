//! An API key: a program's way in, from its issue to its revocation. Only a hash of it is kept.

mod aggregate;
mod command;
mod event;
#[cfg(test)]
pub(crate) mod tests;
mod value;

pub use aggregate::{ApiKey, Refusal};
pub use command::Command;
pub use event::Event;
pub use value::{KeyHash, Origin, Scope};

crate::kernel::entity_ids! {
    /// An API key's id inside its tenant.
    ApiKeyId,
}
