//! What an audit finds.

use std::fmt;

/// What was done to the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trace {
    /// An event is not what was sealed.
    Changed {
        /// Where it is.
        position: u64,
        /// What it is called now.
        event: String,
        /// Whether its stored hash was changed with it.
        hash_fits: HashFits,
    },
    /// An event is gone.
    Removed {
        /// Where it was.
        position: u64,
    },
    /// An event that was never sealed lies among those that were.
    Inserted {
        /// Where it is.
        position: u64,
        /// What it is called.
        event: String,
    },
    /// An event lies elsewhere.
    Moved {
        /// Where it was.
        from: u64,
        /// Where it is.
        to: u64,
    },
    /// The last events are gone.
    Truncated {
        /// The last position that is left; 0: none.
        after: u64,
        /// How many are gone.
        events: u64,
    },
    /// A position of the log is missing, or there twice.
    Numbering {
        /// Which.
        position: u64,
        /// How often it is there.
        rows: u64,
    },
    /// The log's head was set back.
    Head {
        /// Where it ends.
        head: u64,
        /// Up to where it is sealed.
        sealed: u64,
    },
    /// The log's head lies behind its last event.
    Ahead {
        /// Where it ends, as the head says.
        head: u64,
        /// Its last event.
        last: u64,
    },
    /// What is noted of a stream is not so.
    Stream {
        /// Kind and id.
        stream: String,
        /// What is wrong.
        what: String,
    },
    /// The stored hashes are not those that were signed.
    Tree {
        /// Which.
        what: String,
    },
    /// A stored checkpoint is not what was signed.
    Checkpoint {
        /// The tree's size.
        size: u64,
        /// What is wrong.
        what: String,
    },
    /// What is said of an archive is not so.
    Archive {
        /// Which year's.
        year: i32,
        /// What is wrong.
        what: String,
    },
    /// The tree is not the continuation of one that was kept outside of PostgreSQL.
    Kept {
        /// The size of the one that was kept.
        size: u64,
        /// What the tree is.
        what: String,
    },
}

/// Whether an event's stored hash is that of its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HashFits {
    /// It is: the hash was changed too, or only the event's place.
    Yes,
    /// It is not.
    No,
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changed {
                position,
                event,
                hash_fits: HashFits::No,
            } => write!(
                f,
                "changed: position {position} ({event}) does not match its own hash"
            ),
            Self::Changed { position, event, .. } => write!(
                f,
                "changed: position {position} ({event}) is not the event that was sealed; its hash was changed too, \
                 or its sequence or time of recording"
            ),
            Self::Removed { position } => write!(f, "removed: position {position} was sealed and is gone"),
            Self::Inserted { position, event } => {
                write!(f, "inserted: position {position} ({event}) was never sealed")
            }
            Self::Moved { from, to } => {
                write!(
                    f,
                    "reordered: the event sealed at position {from} lies at position {to}"
                )
            }
            Self::Truncated { after, events } => {
                write!(
                    f,
                    "truncated: {events} events that were sealed after position {after} are gone"
                )
            }
            Self::Numbering { position, rows: 0 } => {
                write!(f, "removed: the log has no position {position}")
            }
            Self::Numbering { position, rows } => {
                write!(f, "inserted: the log has position {position} {rows} times")
            }
            Self::Head { head, sealed } => write!(
                f,
                "truncated: the log's head is at position {head}, and it was sealed up to {sealed}"
            ),
            Self::Ahead { head, last } => write!(
                f,
                "truncated: the log's head is at position {head}, and its last event at {last}"
            ),
            Self::Stream { stream, what } => write!(f, "the stream {stream}: {what}"),
            Self::Tree { what } => write!(f, "the stored tree was changed: {what}"),
            Self::Checkpoint { size, what } => write!(f, "the checkpoint of {size} events: {what}"),
            Self::Archive { year, what } => write!(f, "the archive of {year}: {what}"),
            Self::Kept { size, what } => write!(
                f,
                "truncated or rewritten: the checkpoint of {size} events that was kept outside of PostgreSQL does not \
                 lead to what is there: {what}"
            ),
        }
    }
}

/// What was found, and in whose part of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The tenant's id as it is stored; none where it concerns the whole log.
    pub tenant: Option<String>,
    /// What was done.
    pub trace: Trace,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.tenant {
            Some(tenant) => write!(f, "tenant {tenant}: {}", self.trace),
            None => self.trace.fmt(f),
        }
    }
}

/// What an audit looked at, and found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audited {
    /// Tenants whose events were looked at.
    pub tenants: u64,
    /// Events that were held against their trees.
    pub events: u64,
    /// Events that came after the last sealing: only their own hashes could be looked at.
    pub unsealed: u64,
    /// Events that are in archives, and were not looked at.
    pub archived: u64,
    /// Checkpoints that were verified.
    pub checkpoints: u64,
    /// What was found.
    pub findings: Vec<Finding>,
}
