//! Finding tenants.

use domain::TenantId;

use super::{TenantRow, Tenants};
use crate::reader::{QueryError, Reader, parse};

impl Reader {
    /// A tenant's own row.
    ///
    /// # Errors
    /// [`QueryError`] when the database is away.
    pub async fn tenant(&self, tenant: TenantId) -> Result<Option<TenantRow>, QueryError> {
        let table = self.table::<Tenants>().await?;
        let mut query = table.select();
        query.push(" where t.tenant_id = ").push_bind(tenant.to_string());
        let mut transaction = self.begin(tenant).await?;
        let row: Option<String> = query
            .build_query_scalar()
            .fetch_optional(&mut *transaction)
            .await?;
        row.as_deref().map(parse).transpose()
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
        let mut transaction = self.begin_with("annals.platform", "on").await?;
        let rows: Vec<String> = query.build_query_scalar().fetch_all(&mut *transaction).await?;
        rows.iter().map(|row| parse(row)).collect()
    }
}
