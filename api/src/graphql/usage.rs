//! What was used, over GraphQL.

use std::collections::BTreeMap;

use async_graphql::{Object, Result, SimpleObject};
use domain::TenantId;
use projections::daily_usage::{DailyUsage, Day, Days};

use super::kit::{
    AsOf, Context, Cursor, Date, Decimal, IntoFault, Long, May, Reading, Recalled, Window, connection,
    evidence, part, reading, then,
};

/// How much of a meter was used on a day.
#[derive(Clone, SimpleObject)]
#[graphql(complex)]
pub(crate) struct UsageDay {
    #[graphql(skip)]
    as_of: Option<u64>,
    /// The meter: a fact's type without `usage.`, or one of the platform's own ("tokens.input", "agent_runs").
    meter: String,
    /// The quantity's unit; empty when the facts name none.
    unit: String,
    /// The day, in the tenant's time zone.
    day: Date,
    /// How much.
    quantity: Decimal,
    /// How many records made it.
    records: Long,
}

impl From<Day> for UsageDay {
    fn from(row: Day) -> Self {
        Self {
            as_of: None,
            meter: row.meter,
            unit: row.unit,
            day: row.day.into(),
            quantity: row.quantity.into(),
            records: row.records.into(),
        }
    }
}

evidence!(UsageDay of DailyUsage, |row| vec![
    ("meter", row.meter.clone()),
    ("unit", row.unit.clone()),
    ("day", row.day.0.to_string()),
]);

/// How much of a meter was used in all of the days.
#[derive(Clone, SimpleObject)]
pub(crate) struct UsageTotal {
    /// The meter.
    meter: String,
    /// The quantity's unit; empty when the facts name none.
    unit: String,
    /// How much.
    quantity: Decimal,
    /// How many records made it.
    records: Long,
}

connection!(UsageDay: UsageDayConnection, UsageDayEdge, "the days on which something was used");

/// What was used, by day and in all.
pub(crate) struct Usage {
    tenant: TenantId,
    /// In the order of meters, units and days.
    days: Vec<UsageDay>,
}

/// What was used, by day and in all.
#[Object]
#[expect(clippy::too_many_arguments, reason = "a connection's arguments are Relay's")]
impl Usage {
    /// A meter's day a row, in the order of meters, units and days.
    async fn days(
        &self,
        #[graphql(desc = "How many from the beginning, 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "With `first`: only what follows this row.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "With `last`: only what precedes this row.")] before: Option<Cursor>,
    ) -> Result<UsageDayConnection> {
        let page = Window {
            first,
            after,
            last,
            before,
        }
        .page(self.tenant)?;
        let place = |row: &UsageDay| (row.meter.clone(), row.unit.clone(), row.day.0);
        let listed = part(self.days.clone(), &page, place);
        Ok(UsageDayConnection::new(self.tenant, listed, page.direction))
    }

    /// A meter a row.
    async fn totals(&self) -> Vec<UsageTotal> {
        let mut sums: BTreeMap<(&str, &str), (rust_decimal::Decimal, i64)> = BTreeMap::new();
        for row in &self.days {
            let (quantity, records) = sums.entry((&row.meter, &row.unit)).or_default();
            *quantity = quantity.saturating_add(row.quantity.0);
            *records = records.saturating_add(row.records.0);
        }
        let total =
            |((meter, unit), (quantity, records)): ((&str, &str), (rust_decimal::Decimal, i64))| UsageTotal {
                meter: meter.to_owned(),
                unit: unit.to_owned(),
                quantity: quantity.into(),
                records: records.into(),
            };
        sums.into_iter().map(total).collect()
    }
}

/// What can be asked about usage.
#[derive(Default)]
pub(crate) struct UsageQuery;

#[Object]
#[expect(clippy::too_many_arguments, reason = "GraphQL's arguments are the function's")]
impl UsageQuery {
    /// What the tenant used, by day and in all.
    async fn usage(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only this meter, for instance \"tokens.input\".")] meter: Option<String>,
        #[graphql(desc = "From this day on.")] from: Option<Date>,
        #[graphql(desc = "Until this day, included.")] to: Option<Date>,
        #[graphql(desc = "A cursor whose effect must be seen, for instance a mutation's.")] at_least: Option<
            Cursor,
        >,
        #[graphql(desc = "As it was at this point in the past.")] as_of: Option<AsOf>,
    ) -> Result<Usage> {
        let Reading { tenant, reader } = reading::<DailyUsage>(ctx, May::Read, at_least).await?;
        let (from, to) = (from.map(|day| day.0), to.map(|day| day.0));
        let days: Vec<UsageDay> = match then(ctx, tenant, as_of).await? {
            None => {
                let days = reader.usage(tenant, meter.as_deref(), from, to).await;
                days.map_err(IntoFault::into_fault)?
                    .into_iter()
                    .map(Into::into)
                    .collect()
            }
            Some(then) => {
                let days = Days {
                    meter: meter.as_deref(),
                    from,
                    to,
                };
                let days = then.past.usage(tenant, &days, then.position).await;
                let days = days.map_err(IntoFault::into_fault)?.into_iter();
                days.map(|day| UsageDay::from(day).recalled(then.position))
                    .collect()
            }
        };
        Ok(Usage { tenant, days })
    }
}
