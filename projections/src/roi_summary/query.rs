//! The months of a tenant.

use domain::{TenantId, Vertical};
use jiff::civil::Date;
use jiff_sqlx::ToSqlx as _;

use super::{Month, RoiSummary};
use crate::reader::{QueryError, Reader};

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
