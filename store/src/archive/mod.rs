//! A year of the log as a file: written, read, taken out of the database and brought back.
//!
//! Reading order: `format` (what the file looks like), `note` (what the database remembers of it), `reader` and
//! `writer`, then `detach`, `restore` and `mount`, which each end in one transaction.

mod detach;
mod error;
mod format;
mod mount;
mod note;
mod reader;
mod restore;
mod stream;
mod table;
mod writer;

pub use detach::{ArchiveOrder, archive};
pub use error::{ArchiveError, Damage};
pub use format::Header as ArchiveHeader;
pub use mount::{mount, unmount};
pub use note::{Archive, Archives};
pub(crate) use note::{archives, noted};
pub use reader::{ArchiveReader, export_archived};
pub use restore::restore;

pub(crate) use format::ArchivedRow;
pub(crate) use stream::whole_stream;
pub(crate) use table::{read as read_row, selected};

/// How far a long work is, for whoever waits for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// So many events are in the file.
    Written {
        /// Until now.
        events: u64,
        /// In all.
        of: u64,
    },
    /// So many events of the file were held against the table.
    Verified {
        /// Until now.
        events: u64,
        /// In all.
        of: u64,
    },
    /// The partition is being taken out.
    Detaching,
    /// So many events of the file were verified and sent to the database.
    Loaded {
        /// Until now.
        events: u64,
        /// In all.
        of: u64,
    },
    /// So many events of the file are as they were noted.
    Read {
        /// Until now.
        events: u64,
        /// In all.
        of: u64,
    },
    /// The partition is being put in place.
    Attaching,
}

/// After so many events progress is told.
const STEP: u64 = 10_000;
