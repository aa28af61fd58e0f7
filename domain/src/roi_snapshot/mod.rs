//! Returns as they were told once: frozen with the position that they count up to, superseded by later ones.

mod aggregate;
mod command;
mod event;
#[cfg(test)]
pub(crate) mod tests;

pub use aggregate::{Refusal, RoiSnapshot};
pub use command::Command;
pub use event::{Event, Report, State};

crate::kernel::entity_ids! {
    /// The id of a report's snapshots inside its tenant, for instance `2026-10.sales.USD`.
    RoiSnapshotId,
}
