//! A write: the events of one command or record, which enter the log together or not at all.

use jiff::{SignedDuration, Timestamp};
use sqlx::types::Uuid;

use super::hash::content_hash;
use crate::error::Rejection;

/// Bounds of what the log takes.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of one event's payload.
    pub payload_bytes: usize,
    /// Events of one write, and records of one batch of facts.
    pub batch_records: usize,
    /// How far ahead of the clock an event's business time may lie.
    pub future_tolerance: SignedDuration,
    /// Writes that wait for the appender before it pushes back.
    pub queue: usize,
    /// Events that the appender puts into one transaction.
    pub transaction_events: usize,
    /// Bytes of payload that the appender puts into one transaction.
    pub transaction_bytes: usize,
    /// Aggregate states kept in memory.
    pub cached_states: usize,
    /// How often a command is decided again when others changed its stream.
    pub conflict_retries: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            payload_bytes: 1024 * 1024,
            batch_records: 10_000,
            future_tolerance: SignedDuration::from_mins(5),
            queue: 20_000,
            transaction_events: 2_000,
            transaction_bytes: 8 * 1024 * 1024,
            cached_states: 10_000,
            conflict_retries: 10,
        }
    }
}

/// An event about to be appended, in the columns' types.
#[derive(Clone, Debug)]
pub(crate) struct NewEvent {
    pub(crate) event_id: String,
    pub(crate) event_type: String,
    pub(crate) version: String,
    pub(crate) occurred_at: Timestamp,
    pub(crate) actor: String,
    pub(crate) correlation_id: Option<String>,
    pub(crate) causation_id: Option<String>,
    pub(crate) payload: String,
    pub(crate) metadata: String,
}

/// Under which key a write is known from now on, and the hash of what was asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReceiptMark {
    pub(crate) key: Uuid,
    pub(crate) hash: [u8; 32],
}

/// The events of one command or record.
#[derive(Clone, Debug)]
pub(crate) struct Write {
    pub(crate) aggregate_type: &'static str,
    /// `<tenant>:<id>`.
    pub(crate) stored_id: String,
    /// The stream's version that the decision was made on; `None` for a fact's own stream.
    pub(crate) expected: Option<u64>,
    pub(crate) receipt: Option<ReceiptMark>,
    pub(crate) events: Vec<NewEvent>,
}

impl Write {
    /// The tenant as text: a stored id begins with it.
    pub(super) fn tenant_text(&self) -> &str {
        self.stored_id
            .split_once(':')
            .map_or(self.stored_id.as_str(), |(tenant, _)| tenant)
    }

    /// Bytes of payload.
    pub(crate) fn bytes(&self) -> usize {
        self.events.iter().map(|event| event.payload.len()).sum()
    }

    /// Refuses what no log should hold.
    pub(crate) fn check(&self, limits: &Limits, now: Timestamp) -> Result<(), Rejection> {
        if self.events.len() > limits.batch_records {
            return Err(Rejection::BatchTooLarge {
                records: self.events.len(),
                limit: limits.batch_records,
            });
        }
        for event in &self.events {
            if event.payload.len() > limits.payload_bytes {
                return Err(Rejection::TooLarge {
                    event_type: event.event_type.clone(),
                    bytes: event.payload.len(),
                    limit: limits.payload_bytes,
                });
            }
            if event.occurred_at.duration_since(now) > limits.future_tolerance {
                return Err(Rejection::FromTheFuture {
                    event_type: event.event_type.clone(),
                    occurred_at: event.occurred_at,
                    now,
                    tolerance_s: limits.future_tolerance.as_secs(),
                });
            }
        }
        Ok(())
    }
}

/// A write with the hashes of its events, ready for the appender.
#[derive(Debug)]
pub(super) struct Sealed {
    pub(super) write: Write,
    pub(super) hashes: Vec<[u8; 32]>,
}

impl From<Write> for Sealed {
    fn from(write: Write) -> Self {
        let hashes = write
            .events
            .iter()
            .map(|event| content_hash(&write, event))
            .collect();
        Self { write, hashes }
    }
}

/// What became of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is in the log.
    Appended {
        /// The position of its first event.
        first_position: u64,
        /// The stream's version after it.
        version: u64,
    },
    /// Its receipt was there before.
    Known(Known),
    /// The stream has another version.
    Conflict {
        /// The one it has.
        version: u64,
    },
}

/// What the first write under a receipt came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    /// The position of its first event.
    pub(crate) first_position: u64,
    /// How many events it had.
    pub(crate) events: u64,
    /// The stream's version after it.
    pub(crate) version: u64,
    /// The stream's stored id.
    pub(crate) stored_id: String,
    /// The hash of what was asked.
    pub(crate) hash: [u8; 32],
}
