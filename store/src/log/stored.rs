//! Events as they are stored, for whoever carries them on without reading them.

use std::fmt;

use domain::{RecordedEvent, TenantId};
use futures::TryStreamExt as _;

use super::{Log, decode};
use crate::archive::{ArchivedRow, read_row, selected};
use crate::error::ReadError;
use crate::vault::{Opened, erases};

/// An event's row byte for byte: what the hash and the proofs are over. Personal data is in it as it is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredEvent(ArchivedRow);

impl fmt::Debug for StoredEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoredEvent({} at {})", self.0.event_type, self.0.position)
    }
}

impl StoredEvent {
    /// Its place in the whole log.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.0.position
    }

    /// Whose it is.
    ///
    /// # Errors
    /// [`ReadError::Corrupt`] when the column is no tenant's id.
    pub fn tenant(&self) -> Result<TenantId, ReadError> {
        self.0.tenant_id.parse().map_err(|_| ReadError::Corrupt {
            position: self.0.position,
            column: "tenant_id",
            value: self.0.tenant_id.clone(),
        })
    }

    /// The row as a line of JSON: its columns by name.
    ///
    /// # Errors
    /// None that is known of: it is strings and numbers.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(&self.0)
    }

    /// Reads what [`Self::to_json`] wrote.
    ///
    /// # Errors
    /// When a column is missing, unknown or of another kind.
    pub fn from_json(json: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(json).map(Self)
    }
}

impl Log {
    /// The events that rows store, with sealed fields opened as by [`Log::page`].
    ///
    /// # Errors
    /// [`ReadError`] names the position of an event that can't be decoded.
    pub async fn decode_stored(&self, rows: &[StoredEvent]) -> Result<Vec<RecordedEvent>, ReadError> {
        let opened = match self.vault() {
            Some(vault) => {
                for StoredEvent(row) in rows.iter().filter(|row| erases(&row.0.event_type)) {
                    vault.drop_keys_of(&row.tenant_id);
                }
                let payloads = rows.iter().map(|StoredEvent(row)| {
                    (
                        row.tenant_id.as_str(),
                        row.event_type.as_str(),
                        row.payload.as_str(),
                    )
                });
                vault.prepare(payloads).await?
            }
            None => Opened::Refused,
        };
        rows.iter()
            .map(|StoredEvent(row)| decode(row.columns(), &opened))
            .collect()
    }

    /// Up to `limit` events after a position, in order, as they are stored.
    ///
    /// # Errors
    /// [`ReadError::Archived`] names the archives that are needed; nothing is skipped.
    pub async fn stored_page(&self, after: u64, limit: u32) -> Result<Vec<StoredEvent>, ReadError> {
        let query = format!(
            "select {} from events where position > $1 and log_at_hand($1, null, null, null) order by position limit $2",
            selected()
        );
        let rows = sqlx::query(&query)
            .bind(i64::try_from(after).unwrap_or(i64::MAX))
            .bind(i64::from(limit))
            .fetch(self.pool());
        let rows = rows.and_then(|row| async move { read_row(&row).map(StoredEvent) });
        Ok(rows.try_collect().await?)
    }
}
