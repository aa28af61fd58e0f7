//! Whatever happened in a span.

use domain::{TenantId, Vertical};
use jiff_sqlx::ToSqlx as _;
use sqlx::{Postgres, Transaction};

use super::{JourneyRow, RoiJourney};
use crate::metered_usage::Span;
use crate::reader::{QueryError, Reader, read};

/// Which leads, opportunities, claims and runs.
#[derive(Clone, Copy, Debug)]
pub struct Journeys<'a> {
    /// Of this line of business; of all for none.
    pub vertical: Option<&'a Vertical>,
    /// Those whose first fact lies before the span's end, and their last one not before its begin.
    pub span: Span,
}

impl Journeys<'_> {
    /// Whether a row is of them.
    #[must_use]
    pub fn has(&self, row: &JourneyRow) -> bool {
        self.vertical.is_none_or(|vertical| row.vertical == *vertical)
            && row.last_at >= self.span.from
            && row.first_at < self.span.until
    }
}

impl Reader {
    /// Leads, opportunities, claims and runs, in a transaction of one moment.
    pub(crate) async fn journeys(
        &self,
        transaction: &mut Transaction<'static, Postgres>,
        tenant: TenantId,
        journeys: &Journeys<'_>,
    ) -> Result<Vec<JourneyRow>, QueryError> {
        let table = self.table::<RoiJourney>().await?;
        let mut query = table.select();
        query.push(" where t.tenant_id = ").push_bind(tenant.to_string());
        query
            .push(" and t.last_at >= ")
            .push_bind(journeys.span.from.to_sqlx());
        query
            .push(" and t.first_at < ")
            .push_bind(journeys.span.until.to_sqlx());
        if let Some(vertical) = journeys.vertical {
            query.push(" and t.vertical = ").push_bind(vertical.to_string());
        }
        let rows = query.build().fetch_all(&mut **transaction).await?;
        rows.iter().map(read).collect()
    }
}
