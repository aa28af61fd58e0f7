//! What a file proves, or why it proves nothing.

use std::io;

use crate::archive::Damage;
use crate::erasure::Certificate;
use crate::seal::checkpoint::Checkpoint;
use crate::seal::file::VERSION;
use crate::seal::note::NoteError;

/// What a file proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proven {
    /// These are all events of the tenant between two positions.
    Export {
        /// The tree that they are in.
        checkpoint: Checkpoint,
        /// After this position.
        after: u64,
        /// Up to this one.
        upto: u64,
        /// How many there are.
        events: u64,
    },
    /// The event is in the tree.
    Event {
        /// The tree.
        checkpoint: Checkpoint,
        /// The event's position.
        position: u64,
        /// Its number in the tree.
        index: u64,
        /// Its name and the aggregate's id.
        what: String,
    },
    /// One tree is the beginning of another.
    Consistency {
        /// The smaller tree.
        from: Checkpoint,
        /// The larger tree.
        to: Checkpoint,
    },
    /// The tree was signed.
    Checkpoint(Checkpoint),
    /// These are all events of a year, of all tenants in it.
    Archive {
        /// The year of recording, in UTC.
        year: i32,
        /// The positions of its first and its last event.
        positions: (u64, u64),
        /// How many there are.
        events: u64,
        /// The trees that they are in, one a tenant.
        checkpoints: Vec<Checkpoint>,
    },
    /// This was erased.
    Erasure(Box<Certificate>),
}

/// Why a file proves nothing.
#[derive(Debug, thiserror::Error)]
pub enum Invalid {
    /// It can't be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is something else.
    #[error("neither a proof nor a checkpoint of Annals: {0}")]
    Unknown(String),
    /// It is of a newer program.
    #[error("a proof of version {0}: this program reads version {VERSION}")]
    Version(u32),
    /// It is an archive, and is damaged or was changed.
    #[error(transparent)]
    Archive(Box<Damage>),
    /// Its checkpoint can't be trusted.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// It ends too early.
    #[error("the export ends after {events} of its {of} events: it is truncated")]
    Truncated {
        /// Those that are there.
        events: u64,
        /// Those that its first line speaks of.
        of: u64,
    },
    /// There is more than was proven.
    #[error(
        "the export has more than the {of} events that its first line speaks of: position {position} was added"
    )]
    TooMany {
        /// The first that is too much.
        position: u64,
        /// Those that its first line speaks of.
        of: u64,
    },
    /// A line is no event.
    #[error("line {line} is no event: {reason}")]
    Line {
        /// Its number, from 1 on.
        line: u64,
        /// What is wrong.
        reason: String,
    },
    /// An event of another tenant.
    #[error("the event at position {position} is tenant {tenant}'s, and the proof is for {origin}")]
    OtherTenant {
        /// Its position.
        position: u64,
        /// Whose it is.
        tenant: String,
        /// Whose proof it is.
        origin: String,
    },
    /// Events are not in order, or outside of the range.
    #[error("position {position} follows {after}: it is out of order, or out of the range")]
    Order {
        /// Its position.
        position: u64,
        /// The one before.
        after: u64,
    },
    /// An event was changed.
    #[error("the event at position {position} was changed: it does not match its hash")]
    Changed {
        /// Its position.
        position: u64,
    },
    /// The neighbours leave room for events that were left out.
    #[error("the proof leaves room for events that are not in it: {0}")]
    Open(&'static str),
    /// All fits but the root.
    #[error(
        "what is here does not lead to the root that was signed: something was changed, added or left out"
    )]
    Root,
}
