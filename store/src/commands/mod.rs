//! Commands: load, decide, append; facts: append. Both at most once under a key.

mod cache;
mod event_store;
mod execute;
mod facts;
mod key;
mod means;
mod prepare;

pub use event_store::LogEventStore;
pub use execute::{Committed, Orders};
pub use facts::{FactOutcome, FactRecord};
pub use key::{Key, Reach};

pub(crate) use cache::StateCache;
pub(crate) use means::ToldMeans;
