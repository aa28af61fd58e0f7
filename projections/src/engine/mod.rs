//! The engine: everything that a read model gets for free.
//!
//! Reading order: [`ReadModel`] (what a newcomer writes), [`Rows`] (what a fold works on), `folding` (a model
//! with its types hidden), `table` (all SQL on rows, from the catalog), `page` (one page, one transaction),
//! `rounds` and [`Projector`] (all read models along the log, shared by `lease` with other processes), `builds`
//! (the fillings of a table), `filling` (one beside the live one), and [`Operations`] (what administrators do).

mod backlog;
mod builds;
mod carrying;
mod catch_up;
mod checkpoint;
mod context;
mod encode;
mod filling;
mod folding;
pub(crate) mod history;
mod lease;
mod masking;
mod metering;
mod model;
mod operations;
mod page;
mod parked;
mod projector;
#[cfg(test)]
pub(crate) mod rehearsal;
mod reshard;
mod rounds;
mod rows;
mod settle;
mod shard;
mod table;
#[cfg(test)]
mod tests;

pub use builds::{Build, BuildState, Policy, Scope};
pub use checkpoint::Checkpoint;
pub use context::Context;
pub use filling::Progress;
pub use folding::{AnyReadModel, read_model};
pub use model::{EntityKey, ReadModel, RowKey, Unfoldable};
pub use operations::{
    About, Behind, Diff, Estimate, Listing, Look, OperationError, Operations, Order, RowAbout, RowChange,
    RowDifference, Status, TenantStatus,
};
pub use parked::Parked;
pub use projector::{Parts, Projector, ProjectorOptions, Stopped};
pub use rows::Rows;

pub(crate) use checkpoint::checkpoints;
pub(crate) use context::next_hour;
pub(crate) use model::{count, position};
pub(crate) use table::{Along, Table};
