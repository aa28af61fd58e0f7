//! Who did what: an entry an event.

mod fold;
mod query;
mod search;
#[cfg(test)]
mod tests;

pub use fold::{AuditFeed, Entry};
pub use query::{By, EntryPlace, Feed, Filter, Order};
pub use search::{FACETS_AT_MOST, FacetValue, Facets, Outcome, TEXT_AT_MOST};
