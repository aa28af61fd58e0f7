//! The hashes of the log: what an event says, and under which key a record is known.

use domain::TenantId;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use sqlx::types::Uuid;

use super::{NewEvent, Write};

/// What an event says: position, sequence and recorded time are the log's, not the content's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Content<'a> {
    pub(crate) tenant: &'a str,
    pub(crate) aggregate_type: &'a str,
    pub(crate) stored_id: &'a str,
    pub(crate) event_id: &'a str,
    pub(crate) event_type: &'a str,
    pub(crate) version: &'a str,
    pub(crate) occurred_at: Timestamp,
    pub(crate) actor: &'a str,
    pub(crate) correlation_id: Option<&'a str>,
    pub(crate) causation_id: Option<&'a str>,
    pub(crate) metadata: &'a str,
    pub(crate) payload: &'a str,
}

impl Content<'_> {
    /// SHA-256 over the fields, each preceded by its length in 8 bytes, big-endian (an absent one by the
    /// length of all ones).
    pub(crate) fn hash(&self) -> [u8; 32] {
        let mut hasher = Sha256::new();
        let mut field = |bytes: Option<&[u8]>| {
            hasher.update(bytes.map_or(u64::MAX, |bytes| bytes.len() as u64).to_be_bytes());
            hasher.update(bytes.unwrap_or_default());
        };
        field(Some(b"annals.event.1"));
        field(Some(self.tenant.as_bytes()));
        field(Some(self.aggregate_type.as_bytes()));
        field(Some(self.stored_id.as_bytes()));
        field(Some(self.event_id.as_bytes()));
        field(Some(self.event_type.as_bytes()));
        field(Some(self.version.as_bytes()));
        field(Some(&self.occurred_at.as_microsecond().to_be_bytes()));
        field(Some(self.actor.as_bytes()));
        field(self.correlation_id.map(str::as_bytes));
        field(self.causation_id.map(str::as_bytes));
        field(Some(self.metadata.as_bytes()));
        field(Some(self.payload.as_bytes()));
        hasher.finalize().into()
    }
}

/// The hash of an event about to be appended.
pub(super) fn content_hash(write: &Write, event: &NewEvent) -> [u8; 32] {
    let content = Content {
        tenant: write.tenant_text(),
        aggregate_type: write.aggregate_type,
        stored_id: &write.stored_id,
        event_id: &event.event_id,
        event_type: &event.event_type,
        version: &event.version,
        occurred_at: event.occurred_at,
        actor: &event.actor,
        correlation_id: event.correlation_id.as_deref(),
        causation_id: event.causation_id.as_deref(),
        metadata: &event.metadata,
        payload: &event.payload,
    };
    content.hash()
}

/// The key under which a record of `source` is known: 16 bytes of SHA-256 over tenant, source and id.
pub(crate) fn receipt_key(tenant: TenantId, source: &str, id: &str) -> Uuid {
    key_of(&tenant.ulid().to_bytes(), source, id)
}

/// The same for what all tenants share: it begins with words where a tenant's begins with an id.
pub(crate) fn platform_receipt_key(source: &str, id: &str) -> Uuid {
    key_of(b"the platform's own, no tenant's", source, id)
}

fn key_of(owner: &[u8], source: &str, id: &str) -> Uuid {
    let mut hasher = Sha256::new();
    hasher.update(owner);
    hasher.update((source.len() as u64).to_be_bytes());
    hasher.update(source);
    hasher.update(id);
    let digest: [u8; 32] = hasher.finalize().into();
    let mut key = [0; 16];
    key.copy_from_slice(&digest[..16]);
    Uuid::from_bytes(key)
}
