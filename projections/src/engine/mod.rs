//! The engine: everything that a read model gets for free.
//!
//! Reading order: [`ReadModel`] (what a newcomer writes), [`Rows`] (what a fold works on), `folding` (a model
//! with its types hidden), `table` (all SQL, from the catalog), `page` (one page, one transaction), and
//! [`Projector`] (the task that carries all read models along the log).

mod backlog;
mod checkpoint;
mod context;
mod encode;
mod folding;
pub(crate) mod history;
mod model;
mod page;
mod projector;
#[cfg(test)]
pub(crate) mod rehearsal;
mod rounds;
mod rows;
mod table;
#[cfg(test)]
mod tests;

pub use checkpoint::Checkpoint;
pub use context::Context;
pub use folding::{AnyReadModel, read_model};
pub use model::{EntityKey, ReadModel, RowKey, Unfoldable};
pub use projector::{Projector, Stopped};
pub use rows::Rows;

pub(crate) use checkpoint::checkpoints;
pub(crate) use model::{count, position};
pub(crate) use table::Table;
