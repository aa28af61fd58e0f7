//! What a request may ask for at most: counted in its text before it is parsed, then in its document.

mod document;
mod json;
mod merge;
mod over;
mod scan;
mod settings;

pub use settings::Limits;

pub(crate) use document::{Refused as RefusedDocument, check};
pub(crate) use json::check_nesting;
pub(crate) use merge::check_merging;
pub(crate) use over::Over;
pub(crate) use scan::{Unreadable, scan};
