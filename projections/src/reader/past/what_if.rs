//! What a past period would have come to under another plan, beside what it came to.

use domain::invoice::Stage;
use domain::pricing::{Exact, InvalidPlan, Plan, PlanVersion, day_of};
use domain::subscription::{BillingError, Event as Term, PlanCode};
use domain::{Money, TenantId};
use jiff::Timestamp;
use rust_decimal::Decimal;

use super::books::Books;
use super::{Past, Statement, StatementError};

/// What is to be rated otherwise.
#[derive(Clone, Debug)]
pub struct Wish<'a> {
    /// The period of this moment.
    pub at: Timestamp,
    /// Under the plan of this code.
    pub plan: &'a str,
    /// Plans that are not defined, or not so: drafts.
    pub drafts: &'a [Plan],
}

/// A subscription's period as it is and as it would be.
#[derive(Clone, Debug)]
pub struct WhatIf {
    /// The subscription's id inside the tenant.
    pub subscription: String,
    /// Under the plans that were in force.
    pub actual: Statement,
    /// Under the other plan, in force all the time.
    pub supposed: Statement,
    /// What invoices billed of the period, corrections included; none when nothing was billed.
    pub billed: Option<Money>,
}

/// A plan of one version that has been in force for ever, for prices that are only thought of.
///
/// # Errors
/// [`InvalidPlan`] lists all that is wrong with it.
pub fn draft_plan(code: PlanCode, version: PlanVersion) -> Result<Plan, InvalidPlan> {
    let version = PlanVersion {
        version: 1,
        effective_from: Timestamp::UNIX_EPOCH,
        ..version
    };
    let name = code.to_string();
    Plan::try_new(code, name, vec![version])
}

impl Past {
    /// Rates a past period of a subscription under another plan. `None`: there is no such subscription, or it had not begun.
    ///
    /// # Errors
    /// [`StatementError`].
    pub async fn what_if(
        &self,
        tenant: TenantId,
        subscription: &str,
        wish: &Wish<'_>,
    ) -> Result<Option<WhatIf>, StatementError> {
        let books = Books::now(self, tenant).await?.with_plans(wish.drafts);
        let Some(mut account) = books.account(subscription).await? else {
            return Ok(None);
        };
        let zone = account.zone.clone();
        let agreement = account.agreement(&zone)?;
        let supposed = account.agreement_under(wish.plan, &zone)?;
        let period = agreement.cycle().period_on(day_of(wish.at, &zone))?;
        if period.end_day <= agreement.cycle().starts_on {
            return Ok(None);
        }
        let invoices = account.invoices(subscription).await?;
        let mut billed = None;
        for row in invoices.iter().filter(|row| row.voided_position.is_none()) {
            for line in &row.bill.lines {
                let of = line
                    .corrects
                    .as_ref()
                    .map_or(&row.bill.period, |corrected| &corrected.period);
                if *of == period {
                    *billed.get_or_insert(Decimal::ZERO) += line.rated.amount.amount;
                }
            }
        }
        let actual = account.rate(&agreement, &period, Stage::Closing).await?;
        let supposed = account.rate(&supposed, &period, Stage::Closing).await?;
        let position = account.position();
        let meters = account.meters;
        let statement = |draft| Statement {
            period: period.clone(),
            draft,
            meters: meters.clone(),
            position,
        };
        Ok(Some(WhatIf {
            subscription: subscription.to_owned(),
            billed: billed.map(|amount| Money::new(amount, agreement.currency())),
            actual: statement(actual),
            supposed: statement(supposed),
        }))
    }
}

/// The terms, as if a plan had been subscribed to at its own price from the start and never changed.
pub(super) fn under(
    plans: &[Plan],
    terms: &[(Timestamp, Term)],
    code: &str,
) -> Result<Vec<(Timestamp, Term)>, StatementError> {
    let code: PlanCode = code.parse()?;
    let plan = plans.iter().find(|plan| *plan.code() == code);
    let plan = plan.ok_or_else(|| BillingError::NoPlan(code.clone()))?;
    let mut supposed = Vec::new();
    for (at, term) in terms {
        match term {
            Term::Started {
                price,
                customer,
                started_at,
                ..
            } => {
                let version = plan
                    .version_at(*started_at)
                    .ok_or_else(|| BillingError::NotInForce {
                        plan: code.clone(),
                        at: *started_at,
                    })?;
                let monthly: Exact = version.monthly_value(price.currency)?;
                let amount = monthly.to_decimal();
                let amount = amount.map_or_else(|| monthly.rounded(price.currency.exponent()), Ok)?;
                supposed.push((
                    *at,
                    Term::Started {
                        plan: code.clone(),
                        price: Money::new(amount, price.currency),
                        customer: customer.clone(),
                        started_at: *started_at,
                    },
                ));
            }
            Term::PlanChanged { .. } => {}
            other => supposed.push((*at, other.clone())),
        }
    }
    Ok(supposed)
}
