//! Tenants in a month, over GraphQL: what each pays, uses, is billed and costs. For the platform's administrator.

use std::collections::BTreeMap;

use async_graphql::{ComplexObject, Object, Result, SimpleObject};
use domain::TenantId;
use domain::meter::bundled_gauges;
use projections::ReadModel as _;
use projections::platform::{MonthSpan, TenantMonth};
use projections::platform_usage::{AI_COST, PlatformUsage};
use projections::tenant::{TenantRow, Tenants};

use super::kit::{
    AsOf, Behind, Code, Context, Cursor, Date, EvidenceConnection, IntoFault, Long, Money, NodeId, Ulid,
    Window, connection, events_behind, fault, part, rows_of,
};
use super::metered_usage::MeterEvidenceConnection;
use super::platform::{PlatformMembers, PlatformUsed, Told, sums, told};
use super::platform_movement::events_at;
use super::read_model::long;
use super::read_model_diff::PLATFORM;
use crate::options::Options;

/// A tenant in a month of UTC.
#[derive(Clone, SimpleObject)]
#[graphql(complex)]
pub(crate) struct PlatformTenant {
    #[graphql(skip)]
    tenant: TenantId,
    #[graphql(skip)]
    span: MonthSpan,
    #[graphql(skip)]
    as_of: Option<u64>,
    #[graphql(skip)]
    billed_at: Vec<u64>,
    /// The tenant's id in all of this API: opaque.
    tenant_id: NodeId,
    /// The tenant's id as tokens, events and headers have it.
    tenant_local_id: Ulid,
    /// The short name in URLs, as it is now.
    slug: Option<String>,
    /// The name to show, as it is now.
    name: Option<String>,
    /// `open`, `suspended` or `closed` at the month's end; null: it was opened later.
    standing: Option<String>,
    /// Its members then.
    members: PlatformMembers,
    /// Its monthly recurring revenue then.
    revenue: Vec<Money>,
    /// What it used, a bundled meter of the platform each.
    usage: Vec<PlatformUsed>,
    /// What it was billed: invoices less coupons, before taxes, less what was given back.
    billed: Vec<Money>,
    /// What the calls of models cost that it made: as recorded, or else by its price book, as `roi` tells it.
    ai_cost: Vec<Money>,
    /// How many calls of models neither were recorded with a cost nor have a price: they are not in `aiCost`.
    calls_without_cost: Long,
    /// What it was billed less what models cost.
    margin: Vec<Money>,
}

#[ComplexObject]
#[expect(clippy::too_many_arguments, reason = "GraphQL's arguments are the function's")]
impl PlatformTenant {
    /// The invoices, credit notes and voidings behind what it was billed.
    async fn billed_evidence(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1 to 100.")] first: i32,
        #[graphql(desc = "Only those after this event's cursor.")] after: Option<Cursor>,
    ) -> Result<MeterEvidenceConnection> {
        let limit = rows_of("first", first)? as usize;
        let after = after
            .map(|cursor| cursor.position("after", self.tenant))
            .transpose();
        let after = after
            .map_err(|error| fault(Code::BadUserInput, error.to_string()))?
            .unwrap_or_default();
        let wanted: Vec<u64> = self.billed_at.iter().copied().filter(|at| *at > after).collect();
        let page = wanted.get(..limit.min(wanted.len())).unwrap_or_default();
        let events = events_at(&ctx.data::<Options>()?.past, self.tenant, page).await?;
        let more = (wanted.len() > limit).then_some(projections::Direction::Forward);
        MeterEvidenceConnection::shown(self.tenant, &events, more)
    }

    /// The events behind what it used by a meter, or calls that were recorded with a cost (`ai_cost`; those that the price book
    /// prices are behind `platform.model_calls`): with the value that is told apart, where different values are
    /// counted, and with the currency of a cost.
    async fn usage_evidence(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "A meter of `usage`, or `ai_cost`.")] meter: String,
        #[graphql(default, desc = "The different value that was counted, or the currency.")] member: String,
        #[graphql(desc = "How many, 1 to 100.")] first: i32,
        #[graphql(desc = "Only those after this event's cursor.")] after: Option<Cursor>,
    ) -> Result<EvidenceConnection> {
        let mut known: Vec<&str> = bundled_gauges()
            .iter()
            .map(|gauge| gauge.code().as_str())
            .collect();
        known.retain(|code| code.starts_with("platform."));
        known.push(AI_COST);
        if !known.contains(&meter.as_str()) {
            let text = format!(
                "meter: there is no {meter:?} of the platform: take one of {}",
                known.join(", ")
            );
            return Err(fault(Code::BadUserInput, text));
        }
        let key = [
            ("month", self.span.month.to_string()),
            ("meter", meter),
            ("member", member),
        ];
        let behind = Behind {
            read_model: PlatformUsage::NAME,
            tenant: Some(self.tenant),
            key: key.map(|(name, value)| (name.to_owned(), value)).into(),
            as_of: self.as_of,
            first,
            after,
        };
        Box::pin(events_behind(ctx, behind)).await
    }
}

impl PlatformTenant {
    fn of(month: TenantMonth, (span, as_of): (MonthSpan, Option<u64>), known: Option<&TenantRow>) -> Self {
        Self {
            tenant: month.tenant,
            span,
            as_of,
            billed_at: month.billed.positions,
            tenant_id: NodeId::of::<Tenants>(month.tenant, &month.tenant.to_string()),
            tenant_local_id: month.tenant.into(),
            slug: known.map(|row| row.slug.clone().into()),
            name: known.map(|row| row.name.clone()),
            standing: month.standing.map(|standing| standing.to_string()),
            members: month.members.into(),
            revenue: sums(&month.revenue),
            usage: month.usage.into_iter().map(Into::into).collect(),
            billed: sums(&month.billed.net),
            ai_cost: sums(&month.cost.amounts),
            calls_without_cost: long(month.cost.calls_without_cost),
            margin: sums(&month.margin),
        }
    }
}

connection!(PlatformTenant: PlatformTenantConnection, PlatformTenantEdge, "tenants in a month");

/// What can be asked about tenants in a month.
#[derive(Default)]
pub(crate) struct PlatformTenantQuery;

#[Object]
#[expect(clippy::too_many_arguments, reason = "a connection's arguments are Relay's")]
impl PlatformTenantQuery {
    /// Each tenant in a month of UTC: revenue, members, usage, what was billed, what models cost and what is left, in the
    /// order of the tenants' ids. For the platform's administrator.
    async fn platform_tenants(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the beginning, 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "With `first`: only what follows this tenant.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "With `last`: only what precedes this tenant.")] before: Option<Cursor>,
        #[graphql(desc = "A day of the month; the month that runs, when left out.")] month: Option<Date>,
        #[graphql(desc = "A cursor whose effect must be seen, for instance a mutation's.")] at_least: Option<
            Cursor,
        >,
        #[graphql(desc = "As it was known at this point in the past.")] as_of: Option<AsOf>,
    ) -> Result<PlatformTenantConnection> {
        let Told { books, span, as_of } = told(ctx, month, as_of, at_least).await?;
        let window = Window {
            first,
            after,
            last,
            before,
        };
        let page = window.page::<TenantId>(PLATFORM)?;
        let reader = &ctx.data::<Options>()?.reader;
        let known = reader.tenants(None).await.map_err(IntoFault::into_fault)?;
        let known: BTreeMap<TenantId, TenantRow> =
            known.into_iter().map(|row| (row.tenant_id, row)).collect();
        let shown = |month: TenantMonth| {
            let row = known.get(&month.tenant);
            PlatformTenant::of(month, (span, as_of), row)
        };
        let tenants = books.tenants(&span).into_iter().map(shown).collect();
        let listed = part(tenants, &page, |row: &PlatformTenant| row.tenant);
        Ok(PlatformTenantConnection::new(PLATFORM, listed, page.direction))
    }
}
