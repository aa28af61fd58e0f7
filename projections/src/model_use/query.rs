//! The use of models in a span.

use domain::pricing::PriceBook;
use domain::{TenantId, Vertical};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::{Postgres, Transaction};

use super::{ModelUse, ModelUseRow};
use crate::metered_usage::Span;
use crate::reader::{QueryError, Reader, read};

/// Which use of models.
#[derive(Clone, Copy, Debug)]
pub struct Uses<'a> {
    /// Of this line of business; of all for none.
    pub vertical: Option<&'a Vertical>,
    /// In quarters of an hour that begin in this span.
    pub span: Span,
}

impl Uses<'_> {
    /// Whether a row is of them.
    #[must_use]
    pub fn has(&self, row: &ModelUseRow) -> bool {
        self.vertical.is_none_or(|vertical| row.vertical == *vertical)
            && row.quarter >= self.span.from
            && row.quarter < self.span.until
    }
}

impl Reader {
    /// The use of models, in a transaction of one moment.
    pub(crate) async fn model_uses(
        &self,
        transaction: &mut Transaction<'static, Postgres>,
        tenant: TenantId,
        uses: &Uses<'_>,
    ) -> Result<Vec<ModelUseRow>, QueryError> {
        let table = self.table::<ModelUse>().await?;
        let mut query = table.select();
        query.push(" where t.tenant_id = ").push_bind(tenant.to_string());
        query
            .push(" and t.quarter >= ")
            .push_bind(uses.span.from.to_sqlx());
        query
            .push(" and t.quarter < ")
            .push_bind(uses.span.until.to_sqlx());
        if let Some(vertical) = uses.vertical {
            query.push(" and t.vertical = ").push_bind(vertical.to_string());
        }
        let rows = query.build().fetch_all(&mut **transaction).await?;
        rows.iter().map(read).collect()
    }

    /// The use of models by all tenants, in a transaction that has the platform's setting: quarters in which no price of these
    /// books begins are added up, under the first of them.
    pub(crate) async fn model_uses_of_all_tenants<'b>(
        &self,
        transaction: &mut Transaction<'static, Postgres>,
        span: Span,
        books: impl Iterator<Item = &'b PriceBook>,
    ) -> Result<Vec<ModelUseRow>, QueryError> {
        let mut begins: Vec<Timestamp> = books.flat_map(PriceBook::begins).collect();
        begins.retain(|begin| *begin > span.from && *begin < span.until);
        begins.sort_unstable();
        begins.dedup();
        let begins: Vec<String> = begins.iter().map(ToString::to_string).collect();
        let rows = sqlx::query(include_str!("of_all_tenants.sql"))
            .bind(span.from.to_sqlx())
            .bind(span.until.to_sqlx())
            .bind(begins)
            .fetch_all(&mut **transaction)
            .await?;
        rows.iter().map(read).collect()
    }
}
