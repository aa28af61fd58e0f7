//! Which filters of the audit feed are saved.

mod fold;
mod query;

pub use fold::{SavedFilterList, SavedFilterRow};
