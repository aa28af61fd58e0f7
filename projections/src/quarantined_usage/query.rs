//! What waits in a tenant's quarantine.

use std::cmp::Reverse;

use domain::TenantId;
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::{Postgres, QueryBuilder};

use super::{QuarantinedEvent, QuarantinedUsage};
use crate::reader::{
    Conditions, Direction, Listed, Page, Paged, Past, PastError, QueryError, Reader, Total, read,
};

/// The place of an event in the quarantine, those that happened last first: when it happened, its id, the meter and its
/// version.
pub type QuarantinePlace = Reverse<(Timestamp, String, String, i32)>;

/// Which events; what is left out does not matter.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quarantine<'a> {
    /// Of this meter.
    pub meter: Option<&'a str>,
}

impl QuarantinedEvent {
    /// Its place among the others.
    #[must_use]
    pub fn place(&self) -> QuarantinePlace {
        Reverse((
            self.occurred_at,
            self.event_id.clone(),
            self.meter.clone(),
            self.version,
        ))
    }
}

impl Reader {
    /// A page of the events that a tenant's meters could not count, those that happened last first.
    ///
    /// # Errors
    /// [`QueryError`] when the database is away.
    pub async fn quarantined_usage(
        &self,
        tenant: TenantId,
        wanted: Quarantine<'_>,
        page: &Page<QuarantinePlace>,
        total: Total,
    ) -> Result<Listed<QuarantinedEvent, QuarantinePlace>, QueryError> {
        let table = self.table::<QuarantinedUsage>().await?;
        let narrowed = |mut query: QueryBuilder<'static, Postgres>| {
            query.push(" where t.tenant_id = ").push_bind(tenant.to_string());
            Conditions(&mut query).equal("meter", wanted.meter.map(str::to_owned).as_ref());
            query
        };
        let mut query = narrowed(table.select());
        let (after, order) = match page.direction {
            Direction::Forward => ("<", "desc"),
            Direction::Backward => (">", "asc"),
        };
        if let Some(Reverse((at, event, meter, version))) = &page.from {
            query
                .push(format!(
                    " and (t.occurred_at, t.event_id, t.meter, t.version) {after} ("
                ))
                .push_bind(at.to_sqlx());
            query.push(", ").push_bind(event.clone());
            query.push(", ").push_bind(meter.clone());
            query.push(", ").push_bind(*version).push(")");
        }
        let columns = ["occurred_at", "event_id", "meter", "version"];
        query.push(format!(
            " order by {}",
            columns.map(|column| format!("t.{column} {order}")).join(", ")
        ));
        let count = (total == Total::Counted).then(|| narrowed(table.count()));
        let transaction = self.begin(tenant).await?;
        Self::page(transaction, Paged { query, count }, page, |row| {
            Ok(read::<QuarantinedEvent>(row)?.place())
        })
        .await
    }
}

impl Past {
    /// All of them as of a position, in the same order.
    ///
    /// # Errors
    /// [`PastError`].
    pub async fn quarantined_usage(
        &self,
        tenant: TenantId,
        wanted: Quarantine<'_>,
        position: u64,
    ) -> Result<Vec<QuarantinedEvent>, PastError> {
        let mut rows = self.rows::<QuarantinedUsage>(tenant, position).await?;
        rows.retain(|row| wanted.meter.is_none_or(|meter| row.meter == meter));
        rows.sort_by_key(QuarantinedEvent::place);
        Ok(rows)
    }
}
