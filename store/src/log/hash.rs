//! The hashes of the log: what an event says, and under which key a record is known.

use domain::TenantId;
use sha2::{Digest, Sha256};
use sqlx::types::Uuid;

use super::{NewEvent, Write};

/// SHA-256 over an event's content, each field preceded by its length in 8 bytes, big-endian (an absent
/// one by the length of all ones). Position, sequence and recorded time are the log's, not the content's.
pub(super) fn content_hash(write: &Write, event: &NewEvent) -> [u8; 32] {
    let mut hasher = Sha256::new();
    let mut field = |bytes: Option<&[u8]>| {
        hasher.update(bytes.map_or(u64::MAX, |bytes| bytes.len() as u64).to_be_bytes());
        hasher.update(bytes.unwrap_or_default());
    };
    field(Some(b"annals.event.1"));
    field(Some(write.tenant_text().as_bytes()));
    field(Some(write.aggregate_type.as_bytes()));
    field(Some(write.stored_id.as_bytes()));
    field(Some(event.event_id.as_bytes()));
    field(Some(event.event_type.as_bytes()));
    field(Some(event.version.as_bytes()));
    field(Some(&event.occurred_at.as_microsecond().to_be_bytes()));
    field(Some(event.actor.as_bytes()));
    field(event.correlation_id.as_deref().map(str::as_bytes));
    field(event.causation_id.as_deref().map(str::as_bytes));
    field(Some(event.metadata.as_bytes()));
    field(Some(event.payload.as_bytes()));
    hasher.finalize().into()
}

/// The key under which a record of `source` is known: 16 bytes of SHA-256 over tenant, source and id.
pub(crate) fn receipt_key(tenant: TenantId, source: &str, id: &str) -> Uuid {
    let mut hasher = Sha256::new();
    hasher.update(tenant.ulid().to_bytes());
    hasher.update((source.len() as u64).to_be_bytes());
    hasher.update(source);
    hasher.update(id);
    let digest: [u8; 32] = hasher.finalize().into();
    let mut key = [0; 16];
    key.copy_from_slice(&digest[..16]);
    Uuid::from_bytes(key)
}
