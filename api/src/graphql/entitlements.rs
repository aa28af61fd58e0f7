//! What the tenant's plan opens, and what is used of it, over GraphQL.

use async_graphql::{Enum, Object, Result, SimpleObject};
use domain::pricing::Enforcement;
use projections::entitlement::Room;
use projections::metered_usage::MeteredUsage;

use super::kit::{Context, Cursor, Decimal, IntoFault, May, Reading, reading};
use crate::options::Options;

/// What becomes of use beyond a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "Enforcement")]
pub(crate) enum LimitEnforcement {
    /// Commands that begin more of it are refused with LIMIT_REACHED.
    Hard,
    /// It is told, and goes on.
    Soft,
}

/// What the tenant's plan opens, and what is used of it.
#[derive(Clone, SimpleObject)]
pub(crate) struct Entitlements {
    /// The plans in force; without one there are no limits.
    plans: Vec<String>,
    /// The features that they have; null for all.
    features: Option<Vec<String>>,
    /// The limits in force.
    limits: Vec<EntitlementLimit>,
    /// Up to where events were counted.
    cursor: Cursor,
}

/// A limit, and what is used of it.
#[derive(Clone, SimpleObject)]
pub(crate) struct EntitlementLimit {
    /// `members`, `verticals`, or the meter of a quota.
    subject: String,
    /// How much there is; of a quota in a billing period.
    limit: Decimal,
    /// How much of it is used.
    used: Decimal,
    /// How much is left.
    left: Decimal,
    /// What becomes of more.
    enforcement: LimitEnforcement,
    /// The code of the cheapest plan that has more; null when none has.
    lifted_by: Option<String>,
}

impl From<Room> for EntitlementLimit {
    fn from(room: Room) -> Self {
        Self {
            subject: room.subject.to_string(),
            limit: room.limit.into(),
            used: room.used.into(),
            left: (room.limit - room.used).max(rust_decimal::Decimal::ZERO).into(),
            enforcement: room.enforcement.into(),
            lifted_by: room.lifted_by.map(|plan| plan.to_string()),
        }
    }
}

/// What can be asked about what plans open.
#[derive(Default)]
pub(crate) struct EntitlementQuery;

#[Object]
impl EntitlementQuery {
    /// What the tenant's plans open now, and what is used of it.
    async fn entitlements(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "A cursor whose effect must be seen, for instance a mutation's.")] at_least: Option<
            Cursor,
        >,
    ) -> Result<Entitlements> {
        let Reading { tenant, .. } = reading::<MeteredUsage>(ctx, May::Read, at_least).await?;
        let options = ctx.data::<Options>()?;
        let now = options.store.ambient().now();
        let standing = options.entitlements.standing(tenant, now).await;
        let standing = standing.map_err(IntoFault::into_fault)?;
        Ok(Entitlements {
            plans: standing.plans.iter().map(ToString::to_string).collect(),
            features: standing.limits.features.clone(),
            limits: standing.rooms(now).into_iter().map(Into::into).collect(),
            cursor: Cursor::at(tenant, standing.position),
        })
    }
}
