//! Who did what: an entry an event.

mod causes;
mod fold;
mod means;
mod query;
mod search;
#[cfg(test)]
mod tests;

pub use causes::{CAUSES_AT_MOST, Causes, Of};
pub use fold::{AuditFeed, Entry};
pub use means::EntryMeans;
pub use query::{By, EntryPlace, Feed, Filter, Order};
pub use search::{FACETS_AT_MOST, FacetValue, Facets, Outcome, TEXT_AT_MOST};
