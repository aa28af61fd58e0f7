//! Finding tenants.

use domain::TenantId;

use super::fold::TenantKey;
use super::{TenantRow, Tenants};
use crate::reader::{Past, PastError, QueryError, Reader};

impl Reader {
    /// A tenant's own row.
    ///
    /// # Errors
    /// [`QueryError`] when the database is away.
    pub async fn tenant(&self, tenant: TenantId) -> Result<Option<TenantRow>, QueryError> {
        let table = self.table::<Tenants>().await?;
        let mut query = table.select();
        query.push(" where t.tenant_id = ").push_bind(tenant.to_string());
        Ok(Self::rows(self.begin(tenant).await?, query).await?.pop())
    }

    /// All tenants in the order in which they came, for the platform's administrator; with a slug, those
    /// that have it: the first of them is meant by it.
    ///
    /// # Errors
    /// [`QueryError`] when the database is away.
    pub async fn tenants(&self, slug: Option<&str>) -> Result<Vec<TenantRow>, QueryError> {
        let table = self.table::<Tenants>().await?;
        let mut query = table.select();
        if let Some(slug) = slug {
            query.push(" where t.slug = ").push_bind(slug.to_owned());
        }
        query.push(" order by t.position");
        Self::rows(self.begin_with("annals.platform", "on").await?, query).await
    }
}

impl Past {
    /// A tenant's own row as it was at a position.
    ///
    /// # Errors
    /// [`PastError`].
    pub async fn tenant(&self, tenant: TenantId, position: u64) -> Result<Option<TenantRow>, PastError> {
        self.row::<Tenants>(&TenantKey { tenant_id: tenant }, position)
            .await
    }
}
