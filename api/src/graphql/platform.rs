//! The platform in a month, over GraphQL. For its administrator.

use std::collections::BTreeMap;

use async_graphql::{Object, Result, SimpleObject};
use domain::account::{Headcount, MovementKind, Standing};
use domain::meter::bundled_gauges;
use domain::{Currency, MoneyByCurrency};
use jiff::tz::TimeZone;
use projections::AsOf as At;
use projections::platform::{MonthSpan, Overview, PLATFORM_READS, PlatformBooks, Revenue, Used};

use super::kit::{
    AsOf, Code, Context, Cursor, Date, DateTime, Decimal, IntoFault, Long, May, Money, fault, see_those,
};
use super::read_model::long;
use super::read_model_diff::PLATFORM;
use crate::auth::Identity;
use crate::options::Options;

/// The platform in a month of UTC: its tenants, what they pay a month and what moved that, what they used, what was billed
/// and what models cost. Amounts are exact, each currency for itself.
#[derive(SimpleObject)]
pub(crate) struct PlatformOverview {
    /// The month's first day.
    month: Date,
    /// When the month is over; or right after the moment of which the figures tell, if that is earlier.
    until: DateTime,
    /// Everything up to here is counted.
    cursor: Cursor,
    /// How many tenants there were at its end.
    tenants: PlatformTenantCounts,
    /// How many members the tenants that were not closed had then.
    members: PlatformMembers,
    /// The monthly recurring revenue, a currency each.
    revenue: Vec<PlatformRevenue>,
    /// What was used in it, a bundled meter of the platform each.
    usage: Vec<PlatformUsed>,
    /// What was billed in it: invoices less coupons, before taxes, less what was given back.
    billed: Vec<Money>,
    /// What the calls of models in it cost: the sum of `platformTenants`' `aiCost`.
    ai_cost: Vec<Money>,
    /// How many calls of models neither were recorded with a cost nor have a price: they are not in `aiCost`.
    calls_without_cost: Long,
    /// What was billed less what models cost.
    margin: Vec<Money>,
}

/// How many tenants, by what they are.
#[derive(SimpleObject)]
pub(crate) struct PlatformTenantCounts {
    /// Those that admit commands.
    open: Long,
    /// Those that admit none for now.
    suspended: Long,
    /// Those that ended.
    closed: Long,
}

/// How many members.
#[derive(Clone, SimpleObject)]
pub(crate) struct PlatformMembers {
    /// Those who joined.
    active: Long,
    /// Those who were asked to join.
    invited: Long,
}

/// The monthly recurring revenue of a currency: `opening` and all that moved it make `closing`.
#[derive(SimpleObject)]
pub(crate) struct PlatformRevenue {
    /// The currency (ISO 4217).
    currency: String,
    /// When the month began.
    opening: Decimal,
    /// Customers that pay for the first time.
    new: Decimal,
    /// Customers that pay more.
    expansion: Decimal,
    /// Customers that pay less, and still something; zero or below.
    contraction: Decimal,
    /// Customers that pay nothing any more; zero or below.
    churn: Decimal,
    /// Customers that had gone and pay again.
    reactivation: Decimal,
    /// All that moved it.
    net: Decimal,
    /// When the month was over.
    closing: Decimal,
    /// How many customers paid then.
    customers: Long,
}

/// What was used by a meter.
#[derive(Clone, SimpleObject)]
pub(crate) struct PlatformUsed {
    /// The meter's code.
    meter: String,
    /// What a person reads beside the figure.
    label: String,
    /// What it is counted in.
    unit: String,
    /// How much: a sum, or how many different values.
    quantity: Decimal,
    /// How many events.
    events: Long,
}

impl From<Headcount> for PlatformMembers {
    fn from(heads: Headcount) -> Self {
        Self {
            active: long(heads.active),
            invited: long(heads.invited),
        }
    }
}

impl From<(Currency, Revenue)> for PlatformRevenue {
    fn from((currency, revenue): (Currency, Revenue)) -> Self {
        let moved = |kind| {
            let moved = revenue.moved.get(&kind);
            moved
                .map(|(amount, _)| *amount)
                .unwrap_or_default()
                .normalize()
                .into()
        };
        Self {
            currency: currency.code().to_owned(),
            opening: revenue.opening.normalize().into(),
            new: moved(MovementKind::New),
            expansion: moved(MovementKind::Expansion),
            contraction: moved(MovementKind::Contraction),
            churn: moved(MovementKind::Churn),
            reactivation: moved(MovementKind::Reactivation),
            net: (revenue.closing - revenue.opening).normalize().into(),
            closing: revenue.closing.normalize().into(),
            customers: long(revenue.customers),
        }
    }
}

impl From<Used> for PlatformUsed {
    fn from(used: Used) -> Self {
        let mut bundled = bundled_gauges().iter();
        let gauge = bundled.find(|gauge| gauge.code().as_str() == used.meter);
        let told = |tell: fn(&domain::meter::Definition) -> String| {
            gauge.map_or_else(String::new, |gauge| tell(gauge.definition()))
        };
        Self {
            label: told(|definition| definition.label.clone()),
            unit: told(|definition| definition.unit.clone()),
            meter: used.meter,
            quantity: used.quantity.normalize().into(),
            events: used.events.into(),
        }
    }
}

pub(super) fn sums(amounts: &MoneyByCurrency) -> Vec<Money> {
    let sum = |money: domain::Money| Money::of(money.amount.normalize(), money.currency.code());
    amounts.sums().map(sum).collect()
}

/// The books of a month, and the month as far as it has come.
pub(super) struct Told {
    pub(super) books: PlatformBooks,
    pub(super) span: MonthSpan,
    /// The position of which they tell, when it is not the present one.
    pub(super) as_of: Option<u64>,
}

/// Opens the books to the platform's administrator, and to nobody else.
pub(super) async fn told(
    ctx: &Context<'_>,
    month: Option<Date>,
    as_of: Option<AsOf>,
    at_least: Option<Cursor>,
) -> Result<Told> {
    let identity = ctx.data::<Identity>()?;
    May::Platform.check(identity).map_err(IntoFault::into_fault)?;
    see_those(ctx, PLATFORM_READS, None, at_least).await?;
    let options = ctx.data::<Options>()?;
    let now = options.store.ambient().now();
    // Right after the moment: what happens at it counts.
    let instant = jiff::SignedDuration::from_micros(1);
    let (point, moment) = match as_of {
        None => (None, now),
        Some(AsOf::Time(at)) => (Some(At::Time(at.0)), at.0),
        Some(AsOf::Cursor(cursor)) => {
            let position = cursor.position_of_any("asOf");
            let position = position.map_err(|error| fault(Code::BadUserInput, error.to_string()))?;
            (Some(At::Position(position)), now)
        }
    };
    let moment = moment.checked_add(instant).unwrap_or(moment);
    let position = match point {
        Some(point) => Some(
            options
                .past
                .position(None, point, now)
                .await
                .map_err(IntoFault::into_fault)?,
        ),
        None => None,
    };
    let day = month.map_or_else(|| TimeZone::UTC.to_datetime(moment).date(), |day| day.0);
    let bad = |text: &str| fault(Code::BadUserInput, format!("month: {day}: {text}"));
    let span = MonthSpan::of(day, moment).ok_or_else(|| bad("it lies beyond the calendar"))?;
    if span.until < span.from {
        return Err(bad("this month has not begun"));
    }
    let books = options.past.platform_books(span.month, position).await;
    let books = books.map_err(IntoFault::into_fault)?;
    Ok(Told {
        books,
        span,
        as_of: position,
    })
}

fn overview_of(told: &Told) -> PlatformOverview {
    let Overview {
        tenants,
        members,
        revenue,
        usage,
        billed,
        ai_cost,
        calls_without_cost,
    } = told.books.overview(&told.span);
    let count = |tenants: &BTreeMap<Standing, u64>, standing| -> Long {
        long(tenants.get(&standing).copied().unwrap_or_default())
    };
    let mut margin = billed.clone();
    for cost in ai_cost.sums() {
        margin.add(domain::Money::new(-cost.amount, cost.currency));
    }
    PlatformOverview {
        month: told.span.month.into(),
        until: told.span.until.into(),
        cursor: Cursor::at(PLATFORM, told.books.position),
        tenants: PlatformTenantCounts {
            open: count(&tenants, Standing::Open),
            suspended: count(&tenants, Standing::Suspended),
            closed: count(&tenants, Standing::Closed),
        },
        members: members.into(),
        revenue: revenue.into_iter().map(Into::into).collect(),
        usage: usage.into_iter().map(Into::into).collect(),
        billed: sums(&billed),
        ai_cost: sums(&ai_cost),
        calls_without_cost: long(calls_without_cost),
        margin: sums(&margin),
    }
}

/// What can be asked about the platform.
#[derive(Default)]
pub(crate) struct PlatformQuery;

#[Object]
impl PlatformQuery {
    /// The platform in a month of UTC: tenants, members, monthly recurring revenue and what moved it, usage, what was billed,
    /// what models cost. For the platform's administrator.
    async fn platform_overview(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "A day of the month; the month that runs, when left out.")] month: Option<Date>,
        #[graphql(desc = "A cursor whose effect must be seen, for instance a mutation's.")] at_least: Option<
            Cursor,
        >,
        #[graphql(desc = "As it was known at this point in the past.")] as_of: Option<AsOf>,
    ) -> Result<PlatformOverview> {
        let told = told(ctx, month, as_of, at_least).await?;
        Ok(overview_of(&told))
    }
}
