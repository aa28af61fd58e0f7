//! A month of the platform: revenue a month and what moved it, tenants, members, usage, what was billed and what it cost.

use std::collections::{BTreeMap, BTreeSet};

use domain::account::{Billed, Headcount, Movement, MovementKind, Standing};
use domain::{Currency, Money, MoneyByCurrency, TenantId};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use rust_decimal::Decimal;

use super::{ModelCost, PlatformBooks};
use crate::platform_usage::{AI_COST, UsageMonth};

/// A month of UTC, as far as it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MonthSpan {
    /// Its first day.
    pub month: Date,
    /// When it begins.
    pub from: Timestamp,
    /// When it is over, or the moment of which the figures tell, if that is earlier.
    pub until: Timestamp,
}

/// The monthly recurring revenue of one currency in a month. `opening + new + expansion + reactivation + contraction + churn =
/// closing`, since contraction and churn are below zero.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Revenue {
    /// When the month began.
    pub opening: Decimal,
    /// What moved it: by how much, and in how many movements.
    pub moved: BTreeMap<MovementKind, (Decimal, u64)>,
    /// When the month was over.
    pub closing: Decimal,
    /// How many customers paid then.
    pub customers: u64,
}

/// What was used by a meter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Used {
    /// The meter's code.
    pub meter: String,
    /// How much: a sum, or how many different values.
    pub quantity: Decimal,
    /// How many events.
    pub events: i64,
}

/// The platform in a month.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overview {
    /// How many tenants there were at its end, by what they were.
    pub tenants: BTreeMap<Standing, u64>,
    /// How many members they had, those of closed tenants apart.
    pub members: Headcount,
    /// The monthly recurring revenue, by currency.
    pub revenue: BTreeMap<Currency, Revenue>,
    /// What was used in it: sums over all tenants.
    pub usage: Vec<Used>,
    /// What was billed in it, less coupons, before taxes, less what was given back.
    pub billed: MoneyByCurrency,
    /// What models' calls in it cost: the sum of what they cost each tenant.
    pub ai_cost: MoneyByCurrency,
    /// How many calls neither were recorded with a cost nor have a price.
    pub calls_without_cost: u64,
}

/// A tenant in a month.
#[derive(Clone, Debug, PartialEq)]
pub struct TenantMonth {
    /// The tenant.
    pub tenant: TenantId,
    /// What it was at the month's end; none, if it was opened later than what it pays for.
    pub standing: Option<Standing>,
    /// Its members then.
    pub members: Headcount,
    /// Its monthly recurring revenue then.
    pub revenue: MoneyByCurrency,
    /// What it used.
    pub usage: Vec<Used>,
    /// What it was billed.
    pub billed: Billed,
    /// What its models' calls cost.
    pub cost: ModelCost,
    /// What was billed less what models cost, each currency for itself.
    pub margin: MoneyByCurrency,
}

impl MonthSpan {
    /// The month of a day, at most up to a moment. `None`: it lies beyond what a calendar can tell.
    #[must_use]
    pub fn of(day: Date, at_most: Timestamp) -> Option<Self> {
        let month = day.first_of_month();
        let next = month.checked_add(1.month()).ok()?;
        let begin = |day: Date| Some(day.to_zoned(TimeZone::UTC).ok()?.timestamp());
        Some(Self {
            month,
            from: begin(month)?,
            until: begin(next)?.min(at_most),
        })
    }

    fn has(&self, at: Timestamp) -> bool {
        at >= self.from && at < self.until
    }
}

impl PlatformBooks {
    /// What moved the monthly recurring revenue in a month, in the order of time.
    #[must_use]
    pub fn movements(&self, span: &MonthSpan) -> Vec<(TenantId, Movement)> {
        let mut moved: Vec<(TenantId, Movement)> = Vec::new();
        for account in &self.accounts {
            let movements = account.movements().into_iter().filter(|moved| span.has(moved.at));
            moved.extend(movements.map(|movement| (account.tenant(), movement)));
        }
        moved.sort_by(|(_, left), (_, right)| (left.at, &left.positions).cmp(&(right.at, &right.positions)));
        moved
    }

    /// The platform in a month.
    #[must_use]
    pub fn overview(&self, span: &MonthSpan) -> Overview {
        let mut overview = Overview::default();
        for account in &self.accounts {
            let standing = account.standing(span.until);
            if let Some(standing) = standing {
                *overview.tenants.entry(standing).or_default() += 1;
            }
            if standing != Some(Standing::Closed) {
                let heads = account.members(span.until);
                overview.members.active += heads.active;
                overview.members.invited += heads.invited;
            }
            for money in account.billed((span.from, span.until)).net.sums() {
                overview.billed.add(money);
            }
            let mut held: BTreeMap<(Option<String>, Currency), Decimal> = BTreeMap::new();
            for moved in account
                .movements()
                .into_iter()
                .filter(|moved| moved.at < span.until)
            {
                let revenue = overview.revenue.entry(moved.currency).or_default();
                revenue.closing += moved.amount();
                if moved.at < span.from {
                    revenue.opening += moved.amount();
                } else {
                    let (amount, times) = revenue.moved.entry(moved.kind).or_default();
                    *amount += moved.amount();
                    *times += 1;
                }
                held.insert((moved.customer, moved.currency), moved.after);
            }
            for ((_, currency), _) in held.into_iter().filter(|(_, held)| !held.is_zero()) {
                overview.revenue.entry(currency).or_default().customers += 1;
            }
        }
        overview.usage = used(self.usage.iter());
        for cost in self.costs.values() {
            for money in cost.amounts.sums() {
                overview.ai_cost.add(money);
            }
            let calls = &mut overview.calls_without_cost;
            *calls = calls.saturating_add(cost.calls_without_cost);
        }
        overview
    }

    /// Each tenant in a month, in the order of the ids; those of which nothing was known then are left out.
    #[must_use]
    pub fn tenants(&self, span: &MonthSpan) -> Vec<TenantMonth> {
        let mut tenants = Vec::new();
        for account in &self.accounts {
            let standing = account.standing(span.until);
            let tenant = account.tenant();
            let own = || self.usage.iter().filter(move |row| row.tenant_id == tenant);
            let mut revenue = MoneyByCurrency::default();
            for moved in account
                .movements()
                .into_iter()
                .filter(|moved| moved.at < span.until)
            {
                revenue.add(Money::new(moved.amount(), moved.currency));
            }
            let billed = account.billed((span.from, span.until));
            let is_there = standing.is_some() || !billed.positions.is_empty() || own().next().is_some();
            if !is_there && revenue.sums().next().is_none() {
                continue;
            }
            let cost = self.costs.get(&tenant).cloned().unwrap_or_default();
            let mut margin = billed.net.clone();
            for cost in cost.amounts.sums() {
                margin.add(Money::new(-cost.amount, cost.currency));
            }
            tenants.push(TenantMonth {
                tenant,
                standing,
                members: account.members(span.until),
                revenue,
                usage: used(own()),
                billed,
                cost,
                margin,
            });
        }
        tenants
    }
}

/// A sum, the different values with their tenants, and how many events.
type Sum<'u> = (Decimal, BTreeSet<(TenantId, &'u str)>, i64);

/// What rows come to by meter; where different values are counted, each counts once a tenant.
fn used<'u>(rows: impl Iterator<Item = &'u UsageMonth>) -> Vec<Used> {
    let mut meters: BTreeMap<&str, Sum<'_>> = BTreeMap::new();
    for row in rows.filter(|row| row.meter != AI_COST) {
        let (quantity, members, events) = meters.entry(&row.meter).or_default();
        *quantity = quantity.saturating_add(row.quantity);
        if !row.member.is_empty() {
            members.insert((row.tenant_id, &row.member));
        }
        *events += row.events;
    }
    let used = |(meter, (sum, members, events)): (&str, Sum<'_>)| Used {
        meter: meter.to_owned(),
        quantity: if members.is_empty() {
            sum
        } else {
            Decimal::from(members.len())
        },
        events,
    };
    meters.into_iter().map(used).collect()
}
