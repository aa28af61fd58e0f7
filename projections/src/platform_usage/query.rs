//! A month of all tenants, for the platform's administrator.

use jiff::civil::Date;
use jiff_sqlx::ToSqlx as _;
use sqlx::{Postgres, Transaction};

use super::{PlatformUsage, UsageMonth};
use crate::reader::{QueryError, Reader, read};

impl Reader {
    /// What all tenants used in a month, in a transaction that has the platform's setting.
    pub(crate) async fn platform_usage(
        &self,
        transaction: &mut Transaction<'static, Postgres>,
        month: Date,
    ) -> Result<Vec<UsageMonth>, QueryError> {
        let table = self.table::<PlatformUsage>().await?;
        let mut query = table.select();
        query.push(" where t.month = ").push_bind(month.to_sqlx());
        query.push(" order by t.tenant_id, t.meter, t.member");
        let rows = query.build().fetch_all(&mut **transaction).await?;
        rows.iter().map(read).collect()
    }
}
