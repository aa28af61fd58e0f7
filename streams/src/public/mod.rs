//! The public events: what leaves the house, apart from the log's own shapes.
//!
//! Reading order: `catalog` (each type with its schema), `event` (an event as CloudEvent), `data` (what of a
//! payload leaves), `documents` (the files under `docs/events/`), `breaks` (what a reader of an older schema minds).

mod asyncapi;
mod breaks;
mod catalog;
mod cursor;
mod data;
mod documents;
mod event;
mod schema;
#[cfg(test)]
mod tests;

pub use breaks::{Break, breaks};
pub use catalog::{PublicType, public_type, public_types, slices};
pub use cursor::position as event_position;

pub(crate) use cursor::{cursor, position};
pub use documents::{Document, documents};
pub use event::{CloudEvent, PersonalData};
