//! The days of a tenant's meters.

use domain::TenantId;
use jiff::civil::Date;
use jiff_sqlx::ToSqlx as _;

use super::{DailyUsage, Day};
use crate::reader::{QueryError, Reader};

impl Reader {
    /// The tenant's days in order, of one meter or all, from `from` to `to` inclusive.
    ///
    /// # Errors
    /// [`QueryError`] when the database is away.
    pub async fn usage(
        &self,
        tenant: TenantId,
        meter: Option<&str>,
        from: Option<Date>,
        to: Option<Date>,
    ) -> Result<Vec<Day>, QueryError> {
        let table = self.table::<DailyUsage>().await?;
        let mut query = table.select();
        query.push(" where t.tenant_id = ").push_bind(tenant.to_string());
        if let Some(meter) = meter {
            query.push(" and t.meter = ").push_bind(meter.to_owned());
        }
        if let Some(from) = from {
            query.push(" and t.day >= ").push_bind(from.to_sqlx());
        }
        if let Some(to) = to {
            query.push(" and t.day <= ").push_bind(to.to_sqlx());
        }
        query.push(" order by t.meter, t.unit, t.day");
        Self::rows(self.begin(tenant).await?, query).await
    }
}
