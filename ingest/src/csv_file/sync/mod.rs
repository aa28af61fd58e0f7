//! Runs a file into the log: every record at most once, every row that can't be taken written down once.
//!
//! In reading order: `import` is what is asked and what comes of it; `run` goes through the file chunk by
//! chunk, as `reading` sends them from a thread of its own; `sorting` tells what the log knows already;
//! `taking` appends the rest; `journal` is the sync's own stream, begun only when there is something new.

mod connector;
mod error;
mod import;
mod journal;
mod patience;
mod reading;
mod rejected;
mod run;
mod sorting;
mod taking;
#[cfg(test)]
mod tests;

pub use connector::ensure_connector;
pub use error::SyncError;
pub use import::{Import, Listener, Progress, SyncOptions, SyncReport};
pub use run::run;
