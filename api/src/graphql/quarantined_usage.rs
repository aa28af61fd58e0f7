//! The events that meters could not count, over GraphQL.

use async_graphql::{Object, Result, SimpleObject};
use projections::quarantined_usage::{Quarantine, QuarantinedEvent, QuarantinedUsage};

use super::kit::{AsOf, Context, Cursor, DateTime, IntoFault, May, Reading, reading, rows_of, then};

/// How many events are told when nobody says how many.
const FIRST: i32 = 20;

/// An event that a meter could not count: it counts nowhere in that meter until the meter can read it in a new version.
#[derive(Clone, SimpleObject)]
pub(crate) struct QuarantinedUsageEvent {
    /// The meter's code.
    meter: String,
    /// The meter's version.
    version: u32,
    /// The event's id.
    event_id: String,
    /// The event's type.
    event_type: String,
    /// When it happened.
    occurred_at: DateTime,
    /// Which part of the meter has no value for it, and why.
    reason: String,
}

impl From<QuarantinedEvent> for QuarantinedUsageEvent {
    fn from(row: QuarantinedEvent) -> Self {
        Self {
            meter: row.meter,
            version: u32::try_from(row.version).unwrap_or_default(),
            event_id: row.event_id,
            event_type: row.event_type,
            occurred_at: row.occurred_at.into(),
            reason: row.reason,
        }
    }
}

/// What can be asked about events that were not counted.
#[derive(Default)]
pub(crate) struct QuarantinedUsageQuery;

#[Object]
#[expect(clippy::too_many_arguments, reason = "GraphQL's arguments are the function's")]
impl QuarantinedUsageQuery {
    /// The events that the tenant's meters could not count, those that happened last first.
    async fn quarantined_usage(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only of this meter.")] meter: Option<String>,
        #[graphql(desc = "How many, 1 to 100; 20 when left out.")] first: Option<i32>,
        #[graphql(desc = "A cursor whose effect must be seen, for instance a mutation's.")] at_least: Option<
            Cursor,
        >,
        #[graphql(desc = "As it was at this point in the past.")] as_of: Option<AsOf>,
    ) -> Result<Vec<QuarantinedUsageEvent>> {
        let Reading { tenant, reader } = reading::<QuarantinedUsage>(ctx, May::Read, at_least).await?;
        let wanted = Quarantine {
            meter: meter.as_deref(),
            limit: rows_of("first", first.unwrap_or(FIRST))?,
        };
        let rows = match then(ctx, tenant, as_of).await? {
            Some(then) => {
                let rows = then.past.quarantined_usage(tenant, &wanted, then.position).await;
                rows.map_err(IntoFault::into_fault)?
            }
            None => reader
                .quarantined_usage(tenant, &wanted)
                .await
                .map_err(IntoFault::into_fault)?,
        };
        Ok(rows.into_iter().map(Into::into).collect())
    }
}
