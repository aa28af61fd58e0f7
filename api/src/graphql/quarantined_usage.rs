//! The events that meters could not count, over GraphQL.

use async_graphql::{Object, Result, SimpleObject};
use projections::quarantined_usage::{Quarantine, QuarantinedEvent, QuarantinedUsage};

use super::kit::{
    AsOf, Context, Cursor, DateTime, IntoFault, May, Reading, Window, connection, part, reading, then, total,
};

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

connection!(
    QuarantinedUsageEvent: QuarantinedUsageConnection, QuarantinedUsageEdge,
    "the events that meters could not count"
);

/// What can be asked about events that were not counted.
#[derive(Default)]
pub(crate) struct QuarantinedUsageQuery;

#[Object]
#[expect(clippy::too_many_arguments, reason = "a connection's arguments are Relay's")]
impl QuarantinedUsageQuery {
    /// The events that the tenant's meters could not count, those that happened last first.
    async fn quarantined_usage(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the beginning, 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "With `first`: only what follows this row.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "With `last`: only what precedes this row.")] before: Option<Cursor>,
        #[graphql(desc = "Only of this meter.")] meter: Option<String>,
        #[graphql(desc = "A cursor whose effect must be seen, for instance a mutation's.")] at_least: Option<
            Cursor,
        >,
        #[graphql(desc = "As it was at this point in the past.")] as_of: Option<AsOf>,
    ) -> Result<QuarantinedUsageConnection> {
        let Reading { tenant, reader } = reading::<QuarantinedUsage>(ctx, May::Read, at_least).await?;
        let page = Window {
            first,
            after,
            last,
            before,
        }
        .page(tenant)?;
        let wanted = Quarantine {
            meter: meter.as_deref(),
        };
        let listed = match then(ctx, tenant, as_of).await? {
            Some(then) => {
                let rows = then.past.quarantined_usage(tenant, wanted, then.position).await;
                part(
                    rows.map_err(IntoFault::into_fault)?,
                    &page,
                    QuarantinedEvent::place,
                )
            }
            None => reader
                .quarantined_usage(tenant, wanted, &page, total(ctx))
                .await
                .map_err(IntoFault::into_fault)?,
        };
        Ok(QuarantinedUsageConnection::new(tenant, listed, page.direction))
    }
}
