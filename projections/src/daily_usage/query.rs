//! The days of a tenant's meters.

use domain::TenantId;
use jiff::civil::Date;
use jiff_sqlx::ToSqlx as _;

use super::{DailyUsage, Day};
use crate::reader::{Past, PastError, QueryError, Reader};

/// Which days; what is left out does not matter.
#[derive(Clone, Copy, Debug, Default)]
pub struct Days<'a> {
    /// Of this meter.
    pub meter: Option<&'a str>,
    /// From this day on.
    pub from: Option<Date>,
    /// Until this day, included.
    pub to: Option<Date>,
}

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

impl Past {
    /// The tenant's days as they were at a position, in the order of the live ones.
    ///
    /// # Errors
    /// [`PastError`].
    pub async fn usage(
        &self,
        tenant: TenantId,
        days: &Days<'_>,
        position: u64,
    ) -> Result<Vec<Day>, PastError> {
        // A key is meter, unit and day, in this order.
        let mut rows = self.rows::<DailyUsage>(tenant, position).await?;
        rows.retain(|row| {
            days.meter.is_none_or(|meter| row.meter == meter)
                && days.from.is_none_or(|from| row.day >= from)
                && days.to.is_none_or(|to| row.day <= to)
        });
        Ok(rows)
    }
}
