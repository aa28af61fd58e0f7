//! What it earned, over GraphQL.

use async_graphql::{Object, Result, SimpleObject};
use domain::{MoneyByCurrency, Vertical};
use projections::roi_summary::{Month, Months, RoiSummary};

use super::kit::{
    AsOf, Code, Context, Cursor, Date, Decimal, IntoFault, Long, May, Money, Reading, Recalled, Window,
    connection, evidence, fault, part, reading, then,
};

/// How many opportunities are open in a stage.
#[derive(Clone, SimpleObject)]
pub(crate) struct OpenStage {
    /// The stage.
    stage: String,
    /// How many.
    open: i64,
}

/// The figures of a line of business in a month. Amounts are sums, each currency for itself.
#[derive(Clone, SimpleObject)]
#[graphql(complex)]
pub(crate) struct RoiMonth {
    #[graphql(skip)]
    as_of: Option<u64>,
    /// The line of business.
    vertical: String,
    /// The first day of the month, in the tenant's time zone.
    month: Date,
    /// Leads that were captured.
    leads_captured: i64,
    /// Leads that somebody reached out to for the first time.
    leads_contacted: i64,
    /// Leads that were found worth the sales team's time.
    leads_qualified: i64,
    /// Leads that became a customer or an opportunity.
    leads_converted: i64,
    /// Leads that were given up.
    leads_disqualified: i64,
    /// The sum of the times from capture to the first contact, in milliseconds.
    first_response_ms: Decimal,
    /// Opportunities that were opened.
    opportunities_opened: i64,
    /// Opportunities that were won.
    opportunities_won: i64,
    /// Opportunities that were lost.
    opportunities_lost: i64,
    /// What the opportunities brought that were won.
    won_value: Vec<Money>,
    /// Opportunities opened in this month that are still open, by stage.
    open_by_stage: Vec<OpenStage>,
    /// Claims that were sent to payers.
    claims_submitted: i64,
    /// Claims that payers decided to pay.
    claims_adjudicated: i64,
    /// Decisions of payers not to pay.
    claims_denied: i64,
    /// Those of the denials that were the first decision on their claim.
    claims_denied_initially: i64,
    /// Claims that were put to the payer again.
    claims_appealed: i64,
    /// Claims on which money came in that was given up.
    claims_recovered: i64,
    /// What the claims asked for.
    billed: Vec<Money>,
    /// What payers paid.
    paid: Vec<Money>,
    /// What came in that was given up.
    recovered: Vec<Money>,
    /// Agents' runs that began.
    runs_started: i64,
    /// Agents' runs that ended with an outcome.
    runs_completed: i64,
    /// Agents' runs that broke.
    runs_failed: i64,
    /// Agents' runs that somebody ended.
    runs_canceled: i64,
    /// Those of the completed runs that reached their goal, confirmed.
    runs_resolved: i64,
    /// Those of the completed runs of which nobody said otherwise.
    runs_assumed: i64,
    /// Tokens sent to models.
    input_tokens: Long,
    /// Tokens that models wrote.
    output_tokens: Long,
    /// What the models' calls cost.
    ai_cost: Vec<Money>,
}

fn sums(amounts: &MoneyByCurrency) -> Vec<Money> {
    amounts.sums().map(Into::into).collect()
}

impl From<Month> for RoiMonth {
    fn from(row: Month) -> Self {
        let stages = row.open_by_stage.into_iter();
        Self {
            as_of: None,
            vertical: row.vertical.into(),
            month: row.month.into(),
            leads_captured: row.leads_captured,
            leads_contacted: row.leads_contacted,
            leads_qualified: row.leads_qualified,
            leads_converted: row.leads_converted,
            leads_disqualified: row.leads_disqualified,
            first_response_ms: row.first_response_ms.into(),
            opportunities_opened: row.opportunities_opened,
            opportunities_won: row.opportunities_won,
            opportunities_lost: row.opportunities_lost,
            won_value: sums(&row.won_value),
            open_by_stage: stages.map(|(stage, open)| OpenStage { stage, open }).collect(),
            claims_submitted: row.claims_submitted,
            claims_adjudicated: row.claims_adjudicated,
            claims_denied: row.claims_denied,
            claims_denied_initially: row.claims_denied_initially,
            claims_appealed: row.claims_appealed,
            claims_recovered: row.claims_recovered,
            billed: sums(&row.billed),
            paid: sums(&row.paid),
            recovered: sums(&row.recovered),
            runs_started: row.runs_started,
            runs_completed: row.runs_completed,
            runs_failed: row.runs_failed,
            runs_canceled: row.runs_canceled,
            runs_resolved: row.runs_resolved,
            runs_assumed: row.runs_assumed,
            input_tokens: row.input_tokens.into(),
            output_tokens: row.output_tokens.into(),
            ai_cost: sums(&row.ai_cost),
        }
    }
}

evidence!(RoiMonth of RoiSummary, |row| vec![
    ("vertical", row.vertical.clone()),
    ("month", row.month.0.to_string()),
]);

connection!(RoiMonth: RoiSummaryConnection, RoiSummaryEdge, "the tenant's results by month and line of business");

/// What can be asked about results.
#[derive(Default)]
pub(crate) struct RoiSummaryQuery;

#[Object]
#[expect(clippy::too_many_arguments, reason = "GraphQL's arguments are the function's")]
impl RoiSummaryQuery {
    /// What the tenant earned, a line of business and a month a row, in the order of the months.
    async fn roi_summary(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the beginning, 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "With `first`: only what follows this row.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "With `last`: only what precedes this row.")] before: Option<Cursor>,
        #[graphql(desc = "Only this line of business.")] vertical: Option<String>,
        #[graphql(desc = "From the month of this day on.")] from: Option<Date>,
        #[graphql(desc = "Until the month of this day, included.")] to: Option<Date>,
        #[graphql(desc = "A cursor whose effect must be seen, for instance a mutation's.")] at_least: Option<
            Cursor,
        >,
        #[graphql(desc = "As it was at this point in the past.")] as_of: Option<AsOf>,
    ) -> Result<RoiSummaryConnection> {
        let vertical = vertical
            .map(|code| code.parse::<Vertical>())
            .transpose()
            .map_err(|error| fault(Code::BadUserInput, format!("vertical: {error}")))?;
        let Reading { tenant, reader } = reading::<RoiSummary>(ctx, May::Read, at_least).await?;
        let page = Window {
            first,
            after,
            last,
            before,
        }
        .page(tenant)?;
        let (from, to) = (from.map(|day| day.0), to.map(|day| day.0));
        let months: Vec<RoiMonth> = match then(ctx, tenant, as_of).await? {
            None => {
                let months = reader.roi_summary(tenant, vertical.as_ref(), from, to).await;
                let months = months.map_err(IntoFault::into_fault)?;
                months.into_iter().map(Into::into).collect()
            }
            Some(then) => {
                let months = Months {
                    vertical: vertical.as_ref(),
                    from,
                    to,
                };
                let months = then.past.roi_summary(tenant, &months, then.position).await;
                let months = months.map_err(IntoFault::into_fault)?.into_iter();
                months
                    .map(|month| RoiMonth::from(month).recalled(then.position))
                    .collect()
            }
        };
        let listed = part(months, &page, |row| (row.month.0, row.vertical.clone()));
        Ok(RoiSummaryConnection::new(tenant, listed, page.direction))
    }
}
