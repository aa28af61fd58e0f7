//! What an archive looks like: one zstd frame of lines of JSON, so that `zstd -dc FILE | jq` reads it.
//!
//! The first line says what it is ([`Header`]). From version 2 on a line for each tenant proves which events are its
//! own (`seal::archived`). Each further line is an event with its columns as they are stored ([`ArchivedRow`]), and the
//! last line ([`Footer`]) has the SHA-256 of all lines before it.

use domain::RecordedEvent;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::Damage;
use crate::error::ReadError;
use crate::log::{Content, StoredColumns, decode};
use crate::vault::Opened;

/// The version of the format that this program writes.
pub(super) const VERSION: u32 = 2;
/// The versions that it reads: the first had no proofs.
pub(super) const READS: std::ops::RangeInclusive<u32> = 1..=VERSION;

/// The first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The format's version.
    pub annals_archive: u32,
    /// The identity of the database that it was taken from.
    pub database: String,
    /// The year of recording, in UTC.
    pub year: i32,
    /// The position of the first event.
    pub first_position: u64,
    /// The position of the last event.
    pub last_position: u64,
    /// How many there are.
    pub events: u64,
    /// How many tenants have events in it; 0 in an archive without proofs.
    #[serde(default)]
    pub tenants: u64,
}

/// The last line.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Footer {
    /// SHA-256 of all lines before this one, with their line ends, in hex.
    pub(super) sha256: String,
}

/// An event's columns. `payload` and `metadata` are JSON as text, byte for byte, since the hash is over it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ArchivedRow {
    pub(crate) position: u64,
    pub(crate) tenant_id: String,
    pub(crate) aggregate_type: String,
    pub(crate) aggregate_id: String,
    pub(crate) sequence: u64,
    pub(crate) event_id: String,
    pub(crate) event_type: String,
    pub(crate) event_version: String,
    pub(crate) occurred_at: Timestamp,
    pub(crate) recorded_at: Timestamp,
    pub(crate) actor: String,
    pub(crate) correlation_id: Option<String>,
    pub(crate) causation_id: Option<String>,
    pub(crate) payload: String,
    pub(crate) metadata: String,
    #[serde(with = "hex::serde")]
    pub(crate) hash: [u8; 32],
}

impl ArchivedRow {
    /// The hash of what the row says, whatever hash it has.
    pub(crate) fn content(&self) -> [u8; 32] {
        let content = Content {
            tenant: &self.tenant_id,
            aggregate_type: &self.aggregate_type,
            stored_id: &self.aggregate_id,
            event_id: &self.event_id,
            event_type: &self.event_type,
            version: &self.event_version,
            occurred_at: self.occurred_at,
            actor: &self.actor,
            correlation_id: self.correlation_id.as_deref(),
            causation_id: self.causation_id.as_deref(),
            metadata: &self.metadata,
            payload: &self.payload,
        };
        content.hash()
    }

    /// Holds the stored hash against the content.
    pub(super) fn check(&self) -> Result<(), Damage> {
        if self.content() == self.hash {
            return Ok(());
        }
        Err(Damage::Hash {
            position: self.position,
        })
    }

    /// The event that the row stores, sealed fields as they are: a file has no keys.
    pub(super) fn decode(&self) -> Result<RecordedEvent, ReadError> {
        decode(self.columns(), &Opened::LeftSealed)
    }

    /// The columns for whoever decodes them.
    pub(crate) fn columns(&self) -> StoredColumns<'_> {
        StoredColumns {
            position: self.position,
            tenant: &self.tenant_id,
            aggregate_type: &self.aggregate_type,
            stored_id: &self.aggregate_id,
            sequence: self.sequence,
            event_id: &self.event_id,
            event_type: &self.event_type,
            version: &self.event_version,
            occurred_at: self.occurred_at,
            recorded_at: self.recorded_at,
            actor: &self.actor,
            correlation_id: self.correlation_id.as_deref(),
            causation_id: self.causation_id.as_deref(),
            payload: &self.payload,
            hash: &self.hash,
            metadata: &self.metadata,
        }
    }
}
