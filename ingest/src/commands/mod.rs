//! What foreign records may become: the one list of commands that a file or a message may name.

mod catalog;
mod dispatch;
mod error;
mod list;
#[cfg(test)]
mod tests;

pub use catalog::Commands;
pub use dispatch::Request;
pub use error::DispatchError;
pub use list::{AGGREGATE_TYPES, dispatch};
