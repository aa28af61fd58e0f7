//! Who did what: an entry an event.

mod fold;
mod query;
#[cfg(test)]
mod tests;

pub use fold::{AuditFeed, Entry};
pub use query::{By, EntryPlace, Feed, Filter, Order};
