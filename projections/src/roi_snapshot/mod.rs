//! Which reports of returns were frozen: a row a report, with all its snapshots.

mod fold;

pub use fold::{RoiSnapshotList, RoiSnapshotRow, SnapshotVersion};
