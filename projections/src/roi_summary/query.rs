//! The months of a tenant.

use domain::{TenantId, Vertical};
use jiff::civil::Date;
use jiff_sqlx::ToSqlx as _;

use super::{Month, RoiSummary};
use crate::reader::{Past, PastError, QueryError, Reader};

/// Which months; what is left out does not matter.
#[derive(Clone, Copy, Debug, Default)]
pub struct Months<'a> {
    /// Of this vertical.
    pub vertical: Option<&'a Vertical>,
    /// From the month of this day on.
    pub from: Option<Date>,
    /// Until the month of this day, included.
    pub to: Option<Date>,
}

impl Reader {
    /// The tenant's months in order, of one vertical or all, from the month of `from` to that of `to`.
    ///
    /// # Errors
    /// [`QueryError`] when the database is away.
    pub async fn roi_summary(
        &self,
        tenant: TenantId,
        vertical: Option<&Vertical>,
        from: Option<Date>,
        to: Option<Date>,
    ) -> Result<Vec<Month>, QueryError> {
        let table = self.table::<RoiSummary>().await?;
        let mut query = table.select();
        query.push(" where t.tenant_id = ").push_bind(tenant.to_string());
        if let Some(vertical) = vertical {
            query.push(" and t.vertical = ").push_bind(vertical.to_string());
        }
        if let Some(from) = from {
            query
                .push(" and t.month >= ")
                .push_bind(from.first_of_month().to_sqlx());
        }
        if let Some(to) = to {
            query
                .push(" and t.month <= ")
                .push_bind(to.first_of_month().to_sqlx());
        }
        query.push(" order by t.month, t.vertical");
        Self::rows(self.begin(tenant).await?, query).await
    }
}

impl Past {
    /// The tenant's months as they were at a position, in the order of the live ones.
    ///
    /// # Errors
    /// [`PastError`].
    pub async fn roi_summary(
        &self,
        tenant: TenantId,
        months: &Months<'_>,
        position: u64,
    ) -> Result<Vec<Month>, PastError> {
        let mut rows = self.rows::<RoiSummary>(tenant, position).await?;
        let (from, to) = (
            months.from.map(Date::first_of_month),
            months.to.map(Date::first_of_month),
        );
        rows.retain(|row| {
            months.vertical.is_none_or(|vertical| row.vertical == *vertical)
                && from.is_none_or(|from| row.month >= from)
                && to.is_none_or(|to| row.month <= to)
        });
        rows.sort_by_cached_key(|row| (row.month, row.vertical.to_string()));
        Ok(rows)
    }
}
