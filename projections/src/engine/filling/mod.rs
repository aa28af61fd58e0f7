//! Filling a build: the log folded in memory and loaded in bulk, beside the live build.

mod bulk;
mod pages;
mod watch;

pub use bulk::Progress;
pub(super) use bulk::{Care, Filling};
pub(super) use watch::watch;

/// The bytes that a rebuild may hold in memory, unless a setting says otherwise: 512 MB.
pub(super) const MEMORY_BYTES: usize = 512 << 20;
