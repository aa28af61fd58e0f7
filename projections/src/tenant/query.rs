//! Finding tenants.

use domain::TenantId;
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::{Postgres, QueryBuilder};

use super::fold::TenantKey;
use super::{TenantRow, Tenants};
use crate::reader::{
    Conditions, Direction, Listed, Page, Paged, Past, PastError, QueryError, Reader, Total, read,
};

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

/// The place of a tenant: when it was provisioned, and its id.
pub type TenantPlace = (Timestamp, TenantId);

impl Reader {
    /// A page of all tenants in the order in which they came, for the platform's administrator; with a slug, of
    /// those that asked for it.
    ///
    /// # Errors
    /// [`QueryError`] when the database is away.
    pub async fn tenant_page(
        &self,
        slug: Option<&str>,
        page: &Page<TenantPlace>,
        total: Total,
    ) -> Result<Listed<TenantRow, TenantPlace>, QueryError> {
        let table = self.table::<Tenants>().await?;
        let narrowed = |mut query: QueryBuilder<'static, Postgres>| {
            query.push(" where true");
            Conditions(&mut query).equal("slug", slug.map(ToOwned::to_owned).as_ref());
            query
        };
        let mut query = narrowed(table.select());
        let (after, order) = match page.direction {
            Direction::Forward => (">", "asc"),
            Direction::Backward => ("<", "desc"),
        };
        if let Some((at, tenant)) = page.from {
            query
                .push(format!(" and (t.provisioned_at, t.tenant_id) {after} ("))
                .push_bind(at.to_sqlx());
            query.push(", ").push_bind(tenant.to_string()).push(")");
        }
        query.push(format!(" order by t.provisioned_at {order}, t.tenant_id {order}"));
        let count = (total == Total::Counted).then(|| narrowed(table.count()));
        let transaction = self.begin_with("annals.platform", "on").await?;
        Self::page(transaction, Paged { query, count }, page, |row| {
            let row: TenantRow = read(row)?;
            Ok((row.provisioned_at, row.tenant_id))
        })
        .await
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
