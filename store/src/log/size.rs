//! How much a tenant's log takes.

use domain::TenantId;

use super::Log;
use crate::error::ReadError;

impl Log {
    /// How many bytes the events of a tenant take that are at hand: what they say, as text. Reads all of them.
    ///
    /// # Errors
    /// [`ReadError::Unavailable`] when the database is away.
    pub async fn bytes(&self, tenant: TenantId) -> Result<u64, ReadError> {
        let sum = "select coalesce(sum(octet_length(payload::text)), 0)::bigint from events_at_hand where tenant_id = $1";
        let bytes: i64 = sqlx::query_scalar(sum)
            .bind(tenant.to_string())
            .fetch_one(self.pool())
            .await?;
        Ok(u64::try_from(bytes).unwrap_or_default())
    }
}
