//! Who did what: an entry an event.

mod fold;
mod query;

pub use fold::{AuditFeed, Entry};
pub use query::Filter;
