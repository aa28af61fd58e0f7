//! Which rows wait behind a stream whose events can't be folded.

use std::collections::HashSet;

use domain::TenantId;
use serde_json::json;

use super::{QueryError, Reader};
use crate::engine::ReadModel;

/// A row of a tenant, of whichever read model.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RowName {
    /// The read model.
    pub read_model: String,
    /// The values of its key's columns, in their order.
    pub key: Vec<String>,
    /// The position of which the row tells; `None`: the present.
    pub as_of: Option<u64>,
}

impl RowName {
    /// The row of a tenant with this key, given as names and values of its columns without the tenant's.
    #[must_use]
    pub fn of<M: ReadModel>(tenant: TenantId, key: &[(&str, String)], as_of: Option<u64>) -> Self {
        let value = |column: &&str| match key.iter().find(|(name, _)| name == column) {
            Some((_, value)) => value.clone(),
            None => tenant.to_string(),
        };
        Self {
            read_model: M::NAME.to_owned(),
            key: M::KEY.iter().map(value).collect(),
            as_of,
        }
    }
}

impl Reader {
    /// Which of these rows of a tenant lack events that wait in parked streams, asked at once; a row of the past
    /// lacks those that wait since then.
    ///
    /// # Errors
    /// [`QueryError`] when the database is away.
    pub async fn stale_among(
        &self,
        tenant: TenantId,
        rows: &[RowName],
    ) -> Result<HashSet<RowName>, QueryError> {
        let wanted = rows.iter().map(|row| json!([row.read_model, row.key, row.as_of]));
        let wanted = serde_json::Value::Array(wanted.collect());
        let mut transaction = self.begin(tenant).await?;
        // Of the builds, the gateway's role sees the live ones.
        let stale: Vec<i64> = sqlx::query_scalar(
            "select distinct wanted.number \
             from jsonb_array_elements($2::jsonb) with ordinality as wanted (row, number) \
             cross join lateral ( \
                 select array_agg(value order by number) as key \
                 from jsonb_array_elements_text(wanted.row -> 1) with ordinality as v (value, number) \
             ) k \
             join read_model_builds b on b.name = wanted.row ->> 0 and b.state = 'live' \
             join read_model_stale s \
               on s.name = b.name and s.build = b.build and s.tenant_id = $1 and s.key = k.key \
             join read_model_parked p \
               on p.name = s.name and p.build = s.build and p.tenant_id = s.tenant_id \
               and p.aggregate_type = s.aggregate_type and p.aggregate_id = s.aggregate_id \
             where p.position <= coalesce((wanted.row ->> 2)::bigint, p.position)",
        )
        .bind(tenant.to_string())
        .bind(wanted.to_string())
        .fetch_all(&mut *transaction)
        .await?;
        let row = |number: i64| rows.get(usize::try_from(number - 1).ok()?).cloned();
        Ok(stale.into_iter().filter_map(row).collect())
    }
}
