//! What waits in a tenant's quarantine.

use domain::TenantId;

use super::{QuarantinedEvent, QuarantinedUsage};
use crate::reader::{Past, PastError, QueryError, Reader};

/// Which events; what is left out does not matter.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quarantine<'a> {
    /// Of this meter.
    pub meter: Option<&'a str>,
    /// No more than this; the newest ones.
    pub limit: u32,
}

impl Reader {
    /// The events that a tenant's meters could not count, those that happened last first.
    ///
    /// # Errors
    /// [`QueryError`] when the database is away.
    pub async fn quarantined_usage(
        &self,
        tenant: TenantId,
        wanted: &Quarantine<'_>,
    ) -> Result<Vec<QuarantinedEvent>, QueryError> {
        let table = self.table::<QuarantinedUsage>().await?;
        let mut query = table.select();
        query.push(" where t.tenant_id = ").push_bind(tenant.to_string());
        if let Some(meter) = wanted.meter {
            query.push(" and t.meter = ").push_bind(meter.to_owned());
        }
        query.push(" order by t.occurred_at desc, t.event_id desc, t.meter, t.version limit ");
        query.push_bind(i64::from(wanted.limit));
        Self::rows(self.begin(tenant).await?, query).await
    }
}

impl Past {
    /// The same as of a position.
    ///
    /// # Errors
    /// [`PastError`].
    pub async fn quarantined_usage(
        &self,
        tenant: TenantId,
        wanted: &Quarantine<'_>,
        position: u64,
    ) -> Result<Vec<QuarantinedEvent>, PastError> {
        let mut rows = self.rows::<QuarantinedUsage>(tenant, position).await?;
        rows.retain(|row| wanted.meter.is_none_or(|meter| row.meter == meter));
        rows.sort_by(|left, right| {
            let newest = (&right.occurred_at, &right.event_id).cmp(&(&left.occurred_at, &left.event_id));
            newest.then_with(|| (&left.meter, left.version).cmp(&(&right.meter, right.version)))
        });
        rows.truncate(wanted.limit as usize);
        Ok(rows)
    }
}
