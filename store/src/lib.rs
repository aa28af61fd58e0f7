//! The event log: the only code that appends events.
//!
//! Reading order: [`Store`] (what the other rooms hold), `commands` (load, decide, append), `log` (the
//! group-committing appender and the readers), `tail` (live followers), `archive` (a year as a file). It knows no one aggregate
//! but the data subject and its retention, whose events destroy keys (`vault`, `erasure`).

mod ambient;
mod archive;
mod commands;
mod database;
mod erasure;
mod error;
mod inbox;
mod log;
mod outbox;
mod seal;
mod store;
mod tail;
mod turn;
mod vault;
mod webhook_key;

pub use ambient::{Ambient, Clock, Ids};
pub use archive::{
    Archive, ArchiveError, ArchiveHeader, ArchiveOrder, ArchiveReader, Archives, Damage, Progress, archive,
    export_archived, mount, restore, unmount,
};
pub use commands::{Committed, FactOutcome, FactRecord, Key, LogEventStore, Orders, Reach};
pub use database::{Role, ensure_database, migrate, pool, server_version};
pub use erasure::{
    Certificate, ErasedKey, ErasedStream, ForgetError, Forgotten, HeldYear, KnownSubject, MaskedRows,
    RetentionError, SubjectEvent, held_in, retention_id,
};
pub use error::{ReadError, Rejection, StoreError, Unavailable};
pub use inbox::{
    Delivery, DeliveryState, Found, Inbox, Mention, NewDelivery, Owned, Revision, Settled, Thing, ThingKey,
};
pub use log::{Filter, Limits, Log, Part, Partition, Place, Stats, StoredEvent, TypeCount};
pub use outbox::{Attempt, Change, Claimed, Claims, Outbox, Queue, Queued, Verdict};
pub use seal::{
    ArchiveFiles, At, AuditOrder, Audited, Checkpoint, CheckpointGap, CheckpointSummary, ConsistencyProof,
    Enclosure, Finding, Hash, InclusionProof, Invalid, KeyFile, Leaf, NoteError, Proven, SealError, SealKeys,
    SealOptions, Sealed, Sealer, Seals, SignedCheckpoint, Succession, SummedCheckpoint, Trace, Trusted,
    VerifierKey, rotate_key, verify_file,
};
pub use store::{Erasures, Options, Store};
pub use tail::{Feed, Follower, Part as FedPart, Progress as FedProgress, Step, Tail};
pub use turn::Turn;
pub use vault::{
    DataKey, KeyPlace, LocalKeys, MasterKeyId, MasterKeys, Rotated, Vault, VaultError, erases,
    rotate_master_key, wrapped_by,
};
pub use webhook_key::WebhookKey;
