//! A subscription's invoices in their order, and the last number.

use domain::TenantId;
use sqlx::{Postgres, Transaction};

use super::{InvoiceList, InvoiceRow};
use crate::reader::{QueryError, Reader, read};

impl Reader {
    /// The invoices of a subscription in the order in which they were issued, in a transaction of one moment.
    pub(crate) async fn invoices_of(
        &self,
        transaction: &mut Transaction<'static, Postgres>,
        tenant: TenantId,
        subscription: &str,
    ) -> Result<Vec<InvoiceRow>, QueryError> {
        let table = self.table::<InvoiceList>().await?;
        let mut query = table.select();
        query.push(" where t.tenant_id = ").push_bind(tenant.to_string());
        query
            .push(" and t.subscription = ")
            .push_bind(subscription.to_owned());
        query.push(" order by t.place");
        let rows = query.build().fetch_all(&mut **transaction).await?;
        rows.iter().map(read).collect()
    }

    /// The last number that the tenant's invoices have in its own series, or in the one that all tenants share, as far as
    /// they are folded; 0 when there is none.
    ///
    /// # Errors
    /// [`QueryError`] when the database is away.
    pub async fn last_invoice_number(&self, tenant: TenantId, series: Series) -> Result<u64, QueryError> {
        let table = self.table::<InvoiceList>().await?;
        let mut query = table.select();
        query.push(" where t.tenant_id = ").push_bind(tenant.to_string());
        query.push(" and t.id like ").push_bind(match series {
            Series::Tenant => "INV-%",
            Series::Platform => "PINV-%",
        });
        query.push(" order by t.number desc limit 1");
        let rows: Vec<InvoiceRow> = Self::rows(self.begin(tenant).await?, query).await?;
        let last = rows.first().and_then(|row| u64::try_from(row.number).ok());
        Ok(last.unwrap_or_default())
    }

    /// The tenant's invoices in the order in which they were issued, a page: those issued after a position.
    ///
    /// # Errors
    /// [`QueryError`] when the database is away.
    pub async fn invoices_after(
        &self,
        tenant: TenantId,
        position: i64,
        limit: u32,
    ) -> Result<Vec<InvoiceRow>, QueryError> {
        let table = self.table::<InvoiceList>().await?;
        let mut query = table.select();
        query.push(" where t.tenant_id = ").push_bind(tenant.to_string());
        query.push(" and t.issued_position > ").push_bind(position);
        query
            .push(" order by t.issued_position limit ")
            .push_bind(i64::from(limit));
        Self::rows(self.begin(tenant).await?, query).await
    }
}

/// Which invoices are numbered together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Series {
    /// Each tenant's for themselves: `INV-000042`.
    #[default]
    Tenant,
    /// Those of all tenants: `PINV-000042`.
    Platform,
}
