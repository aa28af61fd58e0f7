//! What a past period would have come to under another plan, over GraphQL.

use async_graphql::{ID, Json, Object, Result, SimpleObject};
use domain::pricing::PlanVersion;
use domain::subscription::PlanCode;
use projections::metered_usage::MeteredUsage;
use projections::{Wish, draft_plan};
use serde_json::Value;

use super::invoice_preview::InvoicePreview;
use super::kit::{
    Code, Context, Cursor, DateTime, Ids, IntoFault, May, Money, Reading, UserError, fault, parsed, reading,
};
use crate::options::Options;

/// A subscription's period as it is, and as it would be under another plan.
#[derive(Clone, SimpleObject)]
pub(crate) struct WhatIf {
    /// Under the plans that were in force.
    actual: InvoicePreview,
    /// Under the other plan, as if it had been subscribed to from the start at its own price.
    supposed: InvoicePreview,
    /// What the other plan comes to more; below zero for less.
    difference: Money,
    /// What invoices have billed of the period so far, corrections included; null when nothing was billed.
    billed: Option<Money>,
}

/// What can be asked about plans that might have been.
#[derive(Default)]
pub(crate) struct WhatIfQuery;

#[Object]
#[expect(clippy::too_many_arguments, reason = "GraphQL's arguments are the function's")]
impl WhatIfQuery {
    /// Rates the period of a moment under another plan, or under a version of one that is only thought of, beside what it
    /// comes to and what was billed. Null when there is no such subscription, or when it had not begun.
    async fn what_if(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The subscription: the `id` of an answer, or the one inside the tenant.")]
        subscription: ID,
        #[graphql(desc = "A moment of the period.")] at: DateTime,
        #[graphql(desc = "The code of a plan.")] plan: String,
        #[graphql(
            desc = "A version as docs/pricing.md tells, in place of the plan of this code; nobody need have defined it."
        )]
        draft: Option<Json<Value>>,
        #[graphql(desc = "A cursor whose effect must be seen, for instance a mutation's.")] at_least: Option<
            Cursor,
        >,
    ) -> Result<Option<WhatIf>> {
        let Reading { tenant, .. } = reading::<MeteredUsage>(ctx, May::Read, at_least).await?;
        let options = ctx.data::<Options>()?;
        let wrong = |message: String| fault(Code::BadUserInput, message);
        let code: PlanCode = parsed("plan", &plan).map_err(UserError::into_fault)?;
        let drafts = match draft {
            Some(Json(version)) => {
                let version: PlanVersion =
                    serde_json::from_value(version).map_err(|error| wrong(format!("draft: {error}")))?;
                vec![draft_plan(code, version).map_err(|error| wrong(format!("draft: {error}")))?]
            }
            None => Vec::new(),
        };
        let Some(subscription) = Ids::of(ctx)?.argument("subscription", &["subscription"], subscription)?
        else {
            return Ok(None);
        };
        let wish = Wish {
            at: at.0,
            plan: &plan,
            drafts: &drafts,
        };
        let what_if = options.past.what_if(tenant, &subscription, &wish).await;
        let Some(what_if) = what_if.map_err(IntoFault::into_fault)? else {
            return Ok(None);
        };
        let (actual, supposed) = (&what_if.actual, &what_if.supposed);
        Ok(Some(WhatIf {
            actual: InvoicePreview::of(tenant, actual)?,
            supposed: InvoicePreview::of(tenant, supposed)?,
            difference: Money::of(
                supposed.draft.total - actual.draft.total,
                actual.draft.currency.code(),
            ),
            billed: what_if.billed.map(Into::into),
        }))
    }
}
