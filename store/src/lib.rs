//! The event log: the only code that appends events.
//!
//! Reading order: [`Store`] (what the other rooms hold), `commands` (load, decide, append), `log` (the
//! group-committing appender and the readers), `tail` (live followers), `archive` (a year as a file). It knows no one aggregate.

mod ambient;
mod archive;
mod commands;
mod database;
mod error;
mod inbox;
mod log;
mod outbox;
mod seal;
mod store;
mod tail;
mod turn;
mod webhook_key;

pub use ambient::{Ambient, Clock, Ids};
pub use archive::{
    Archive, ArchiveError, ArchiveHeader, ArchiveOrder, ArchiveReader, Archives, Damage, Progress, archive,
    restore,
};
pub use commands::{Committed, FactOutcome, FactRecord, Key, LogEventStore, Orders};
pub use database::{Role, ensure_database, migrate, pool, server_version};
pub use error::{ReadError, Rejection, StoreError, Unavailable};
pub use inbox::{Delivery, DeliveryState, Found, Inbox, NewDelivery, Revision, Settled, Thing, ThingKey};
pub use log::{Filter, Limits, Log, Part, Partition, Place, Stats, TypeCount};
pub use outbox::{Attempt, Change, Claimed, Claims, Outbox, Queue, Queued, Verdict};
pub use seal::{
    At, AuditOrder, Audited, Checkpoint, ConsistencyProof, Enclosure, Finding, Hash, InclusionProof, Invalid,
    KeyFile, Leaf, NoteError, Proven, SealError, SealKeys, SealOptions, Sealed, Sealer, Seals,
    SignedCheckpoint, Succession, Trace, Trusted, VerifierKey, rotate_key, verify_file,
};
pub use store::{Options, Store};
pub use tail::{Follower, Step, Tail};
pub use turn::Turn;
pub use webhook_key::WebhookKey;
