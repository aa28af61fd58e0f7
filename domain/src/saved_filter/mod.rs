//! A saved filter: which entries of the audit feed somebody asks for again and again, under a name.

mod aggregate;
mod command;
mod event;
#[cfg(test)]
pub(crate) mod tests;

pub use aggregate::{Refusal, SavedFilter};
pub use command::{Command, EntryFilter, EntryOutcome, Sharing};
pub use event::Event;

crate::kernel::entity_ids! {
    /// A saved filter's id inside its tenant.
    SavedFilterId,
}
