//! Why the log was not sealed, or something in it not proven.

use std::path::PathBuf;

use domain::TenantId;

use super::note::NoteError;
use crate::error::{ReadError, Unavailable};

/// Why nothing was sealed or proven.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The log is shorter than what was sealed of it.
    #[error(
        "the log ends at position {head}, but it is sealed up to {sealed}: events were taken away; see `annals audit verify`"
    )]
    Shorter {
        /// Where it ends.
        head: u64,
        /// Up to where it is sealed.
        sealed: u64,
    },
    /// A certificate of an erasure can't be written.
    #[error("the certificate can't be written: {0}")]
    Certificate(String),
    /// An event that is to be sealed next is not there.
    #[error(
        "position {position} is to be sealed next, and is not in the log: bring its archive back with `annals archive mount`, or see `annals audit verify`"
    )]
    Gap {
        /// Its position.
        position: u64,
    },
    /// A tenant's tree is not what was signed.
    #[error(
        "the tree of tenant {tenant} is not the one that was signed ({what}): nothing more is sealed; see `annals audit verify`"
    )]
    Tree {
        /// Whose tree.
        tenant: TenantId,
        /// What differs.
        what: String,
    },
    /// The key of the file is not the one that signs.
    #[error("the log is sealed by another key than that of {}: {sealing}", file.display())]
    OtherKey {
        /// The file with our key.
        file: PathBuf,
        /// The key that signs, as auditors know it.
        sealing: String,
    },
    /// The file with the key can't be read or written.
    #[error("the key file {}: {source}", file.display())]
    KeyFile {
        /// Which.
        file: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// What should be a key or a note is none.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The tenant has no checkpoint yet.
    #[error("nothing of this tenant is sealed yet: is a process with the role sealer running?")]
    NothingSealed,
    /// There is no checkpoint of this size.
    #[error("no checkpoint was signed at the size {size}; {}", next_one(*.next))]
    NoCheckpoint {
        /// The size asked for.
        size: u64,
        /// The size of the checkpoint after it.
        next: Option<u64>,
    },
    /// No event of the tenant has this position.
    #[error("no event of this tenant has the position {position}")]
    NoEvent {
        /// The position asked for.
        position: u64,
    },
    /// The event is not in the tree that the proof is for.
    #[error(
        "the event at position {position} is not in the tree yet: ask again in a second, or for a newer checkpoint"
    )]
    NotYet {
        /// Its position.
        position: u64,
    },
    /// The event's row was changed after it was sealed.
    #[error(
        "the event at position {position} is not what was sealed: its row was changed; see `annals audit verify`"
    )]
    Changed {
        /// Its position.
        position: u64,
    },
    /// The log has other events than were sealed.
    #[error(
        "{events} events are there up to position {position}, and {sealed} were sealed: some were taken away or added; see `annals audit verify`"
    )]
    Count {
        /// The last that was read.
        position: u64,
        /// How many are there.
        events: u64,
        /// How many were sealed.
        sealed: u64,
    },
    /// The range ends before it begins.
    #[error("the range after {after} up to {upto} is none")]
    NoRange {
        /// After this position.
        after: u64,
        /// Up to this one.
        upto: u64,
    },
    /// The log can't be read, or not this part of it.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The file that is written can't be.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

fn next_one(next: Option<u64>) -> String {
    next.map_or_else(
        || "none is larger".to_owned(),
        |size| format!("the next one was at {size}"),
    )
}

impl From<sqlx::Error> for SealError {
    fn from(error: sqlx::Error) -> Self {
        Self::Read(error.into())
    }
}

impl From<Unavailable> for SealError {
    fn from(error: Unavailable) -> Self {
        Self::Read(error.into())
    }
}
