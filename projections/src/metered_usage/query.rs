//! The hours of a tenant's meter.

use domain::TenantId;
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;

use super::{MeteredUsage, UsageHour};
use crate::reader::{Past, PastError, QueryError, Reader};

/// Which hours.
#[derive(Clone, Copy, Debug)]
pub struct Usage<'a> {
    /// Of this meter.
    pub meter: &'a str,
    /// In this version.
    pub version: u32,
    /// From this moment on; `None`: from the first, as a level needs it.
    pub from: Option<Timestamp>,
    /// Before this moment.
    pub until: Timestamp,
}

impl Reader {
    /// The hours of a tenant's meter in order, each group and value a row.
    ///
    /// # Errors
    /// [`QueryError`] when the database is away.
    pub async fn metered_usage(
        &self,
        tenant: TenantId,
        wanted: &Usage<'_>,
    ) -> Result<Vec<UsageHour>, QueryError> {
        let table = self.table::<MeteredUsage>().await?;
        let mut query = table.select();
        query.push(" where t.tenant_id = ").push_bind(tenant.to_string());
        query.push(" and t.meter = ").push_bind(wanted.meter.to_owned());
        query
            .push(" and t.version = ")
            .push_bind(i64::from(wanted.version));
        if let Some(from) = wanted.from {
            query.push(" and t.hour >= ").push_bind(from.to_sqlx());
        }
        query.push(" and t.hour < ").push_bind(wanted.until.to_sqlx());
        query.push(" order by t.hour, t.group_key, t.member");
        Self::rows(self.begin(tenant).await?, query).await
    }
}

impl Past {
    /// The same as of a position.
    ///
    /// # Errors
    /// [`PastError`].
    pub async fn metered_usage(
        &self,
        tenant: TenantId,
        wanted: &Usage<'_>,
        position: u64,
    ) -> Result<Vec<UsageHour>, PastError> {
        // A key is meter, version, hour, group and value, in this order.
        let mut rows = self.rows::<MeteredUsage>(tenant, position).await?;
        rows.retain(|row| {
            row.meter == wanted.meter
                && u32::try_from(row.version) == Ok(wanted.version)
                && wanted.from.is_none_or(|from| row.hour >= from)
                && row.hour < wanted.until
        });
        Ok(rows)
    }
}
