//! What moved the platform's monthly recurring revenue, over GraphQL.

use std::sync::Arc;

use async_graphql::{ComplexObject, Enum, InputObject, Object, Result, SimpleObject};
use domain::account::{Movement, MovementKind};
use domain::{RecordedEvent, TenantId};
use jiff::Timestamp;
use projections::Past;
use store::{Part, Place};

use super::event::Event;
use super::kit::{
    AsOf, Context, Cursor, Date, DateTime, Decimal, IntoFault, NodeId, Ulid, Window, connection, part,
};
use super::platform::{Told, told};
use super::read_model_diff::PLATFORM;
use crate::options::Options;

/// Why monthly recurring revenue moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "MovementKind")]
pub(crate) enum RevenueMovementKind {
    /// A customer pays for the first time.
    New,
    /// A customer pays more.
    Expansion,
    /// A customer pays less, and still something.
    Contraction,
    /// A customer pays nothing any more.
    Churn,
    /// A customer that had gone pays again.
    Reactivation,
}

/// A customer's monthly recurring revenue is another from a moment on. A customer is who subscriptions of a tenant name, or else
/// the tenant itself.
#[derive(Clone, SimpleObject)]
#[graphql(complex)]
pub(crate) struct RevenueMovement {
    #[graphql(skip)]
    positions: Vec<u64>,
    #[graphql(skip)]
    tenant: TenantId,
    /// The tenant's id in all of this API: opaque.
    tenant_id: NodeId,
    /// The tenant's id as tokens, events and headers have it.
    tenant_local_id: Ulid,
    /// The customer whom subscriptions name; null for the tenant itself.
    customer: Option<String>,
    /// From when on.
    at: DateTime,
    /// Why.
    kind: RevenueMovementKind,
    /// In which currency (ISO 4217).
    currency: String,
    /// A month, until then.
    before: Decimal,
    /// A month, from then on.
    after: Decimal,
    /// By how much it moved; below zero for contraction and churn.
    amount: Decimal,
}

/// Events by their positions in a tenant's log; those that were archived are not at hand, and are an error.
pub(super) async fn events_at(
    past: &Past,
    tenant: TenantId,
    positions: &[u64],
) -> Result<Vec<Arc<RecordedEvent>>> {
    let mut events = Vec::new();
    for position in positions {
        let part = Part::Event {
            tenant,
            position: *position,
        };
        let found = past.log().part(&part, Place::default(), *position, 1).await;
        events.extend(found.map_err(IntoFault::into_fault)?.into_iter().map(Arc::new));
    }
    Ok(events)
}

#[ComplexObject]
impl RevenueMovement {
    /// The events that say so: of the end of a trial, the one that agreed upon the plan.
    async fn evidence(&self, ctx: &Context<'_>) -> Result<Vec<Event>> {
        let past = &ctx.data::<Options>()?.past;
        let events = events_at(past, self.tenant, &self.positions).await?;
        events.iter().map(|event| Event::of(event)).collect()
    }
}

impl From<(TenantId, Movement)> for RevenueMovement {
    fn from((tenant, movement): (TenantId, Movement)) -> Self {
        Self {
            tenant,
            tenant_id: NodeId::of::<projections::tenant::Tenants>(tenant, &tenant.to_string()),
            tenant_local_id: tenant.into(),
            at: movement.at.into(),
            kind: movement.kind.into(),
            currency: movement.currency.code().to_owned(),
            before: movement.before.into(),
            after: movement.after.into(),
            amount: movement.amount().into(),
            customer: movement.customer,
            positions: movement.positions,
        }
    }
}

connection!(
    RevenueMovement: RevenueMovementConnection, RevenueMovementEdge, "what moved the monthly recurring revenue of all tenants"
);

/// Which movements; what is left out does not matter.
#[derive(Clone, Debug, Default, InputObject)]
pub(crate) struct RevenueMovementFilter {
    /// Only of this kind.
    kind: Option<RevenueMovementKind>,
    /// Only in this currency.
    currency: Option<String>,
    /// Only of this tenant.
    tenant: Option<Ulid>,
}

impl RevenueMovementFilter {
    fn wants(&self, moved: &RevenueMovement) -> bool {
        self.kind.is_none_or(|kind| kind == moved.kind)
            && self
                .currency
                .as_ref()
                .is_none_or(|currency| *currency == moved.currency)
            && self
                .tenant
                .is_none_or(|tenant| TenantId::new(tenant.0) == moved.tenant)
    }
}

/// What can be asked about what moved revenue.
#[derive(Default)]
pub(crate) struct PlatformMovementQuery;

#[Object]
#[expect(clippy::too_many_arguments, reason = "a connection's arguments are Relay's")]
impl PlatformMovementQuery {
    /// What moved the monthly recurring revenue of all tenants in a month of UTC, in the order of time. For the platform's
    /// administrator.
    async fn platform_movements(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the beginning, 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "With `first`: only what follows this movement.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "With `last`: only what precedes this movement.")] before: Option<Cursor>,
        #[graphql(desc = "A day of the month; the month that runs, when left out.")] month: Option<Date>,
        #[graphql(desc = "Which.")] filter: Option<RevenueMovementFilter>,
        #[graphql(desc = "A cursor whose effect must be seen, for instance a mutation's.")] at_least: Option<
            Cursor,
        >,
        #[graphql(desc = "As it was known at this point in the past.")] as_of: Option<AsOf>,
    ) -> Result<RevenueMovementConnection> {
        let Told { books, span, .. } = told(ctx, month, as_of, at_least).await?;
        let window = Window {
            first,
            after,
            last,
            before,
        };
        // A moment, its events, and the currency: customers' movements by one event differ in it.
        let page = window.page::<(Timestamp, Vec<u64>, String)>(PLATFORM)?;
        let filter = filter.unwrap_or_default();
        let moved = books.movements(&span).into_iter().map(RevenueMovement::from);
        let moved: Vec<RevenueMovement> = moved.filter(|moved| filter.wants(moved)).collect();
        let listed = part(moved, &page, |moved| {
            (moved.at.0, moved.positions.clone(), moved.currency.clone())
        });
        Ok(RevenueMovementConnection::new(PLATFORM, listed, page.direction))
    }
}
