//! Whether a row waits behind a stream whose events can't be folded.

use domain::TenantId;

use super::{QueryError, Reader};
use crate::engine::ReadModel;

impl Reader {
    /// Whether events wait that would change the row of this key; the key is given as names and values of its
    /// columns, without the tenant's.
    ///
    /// # Errors
    /// [`QueryError`] when the database is away.
    pub async fn stale<M: ReadModel>(
        &self,
        tenant: TenantId,
        key: &[(&str, String)],
    ) -> Result<bool, QueryError> {
        let value = |column: &&str| match key.iter().find(|(name, _)| name == column) {
            Some((_, value)) => value.clone(),
            None => tenant.to_string(),
        };
        let values: Vec<String> = M::KEY.iter().map(value).collect();
        let mut transaction = self.begin(tenant).await?;
        // Of the builds, the gateway's role sees the live ones.
        let stale = sqlx::query_scalar(
            "select exists ( \
                 select \
                 from read_model_stale s \
                 join read_model_builds b on b.name = s.name and b.build = s.build \
                 where s.tenant_id = $1 and s.name = $2 and s.key = $3 and b.state = 'live' \
             )",
        )
        .bind(tenant.to_string())
        .bind(M::NAME)
        .bind(values)
        .fetch_one(&mut *transaction)
        .await?;
        Ok(stale)
    }
}
