//! The use of models in a span.

use domain::{TenantId, Vertical};
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
}
