//! The CSV connector: a file of rows becomes commands on aggregates, or usage facts, as a mapping says.
//!
//! In reading order:
//! - `source` reads a file of any size as rows, in UTF-8 or UTF-16, and rejects the rows it can't read;
//! - `mapping` is the TOML file that says which column feeds what, checked before the first row is read;
//! - `translate` turns one row into commands or facts, or into a [`Rejection`] that names the column;
//! - `identity` numbers equal rows, so that a row without an id of its own still counts exactly once;
//! - `records` puts the four together as an iterator;
//! - `json` sees a record of JSON as such a row;
//! - `sync` runs a file into the log, and is the only part that knows the log.

mod catalog;
mod cells;
mod encoding;
mod identity;
mod json;
mod mapping;
mod message;
mod records;
mod scan;
mod source;
mod sync;
mod translate;
mod value;

#[cfg(test)]
mod tests;

pub use catalog::Catalog;
pub use identity::Occurrences;
pub use json::{JsonError, JsonRecords};
pub use mapping::{Mapping, MappingError, Problem};
pub use message::{Header, Rejection, Row};
pub use records::{CsvError, Records};
pub use source::{Format, Source, SourceError};
pub use sync::{Import, Listener, Progress, SyncError, SyncOptions, SyncReport, ensure_connector, run};
pub use translate::{FactDraft, Outputs, Translated, Translator};
