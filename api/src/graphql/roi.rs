//! The return on investment over GraphQL.

use async_graphql::{Enum, ID, Object, Result};
use domain::roi::{AttributionModel, DEFAULT_HALF_LIFE_DAYS, terms_of};
use domain::roi_snapshot::{Report, State};
use domain::{Currency, Vertical};
use jiff::Timestamp;
use projections::roi::{RoiError, RoiWish};
use projections::{ROI_READS, StatementError};

use super::kit::{AsOf, Code, Context, Cursor, Date, Ids, IntoFault, May, fault, see_those, then};
use super::roi_report::Roi;
use crate::auth::Identity;
use crate::options::Options;

/// How an outcome is shared out among the runs before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
#[graphql(remote = "AttributionModel")]
pub(crate) enum RoiAttribution {
    /// All of it to the first run.
    FirstTouch,
    /// All of it to the last run.
    LastTouch,
    /// As much to each run.
    #[default]
    Linear,
    /// To a run that began a half-life before another, half as much as to that one.
    TimeDecay,
}

/// How sure outcomes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "State")]
pub(crate) enum RoiState {
    /// Some may be taken back still, the days are not over, or a fee is not issued.
    Preliminary,
    /// All have stood for the time that it takes to settle.
    Settled,
    /// All were taken back.
    Reversed,
}

/// What a report depends on, as clients give it.
pub(super) struct Terms {
    pub(super) vertical: Option<String>,
    pub(super) days: (Date, Date),
    pub(super) currency: String,
    pub(super) model: Option<RoiAttribution>,
    pub(super) window_days: Option<u32>,
    pub(super) half_life_days: Option<u32>,
    pub(super) settling_days: Option<u32>,
    pub(super) baseline: Option<String>,
}

impl Terms {
    /// The report that is meant, with what holds for its line of business where nothing is said.
    pub(super) fn report(self) -> Result<Report, (&'static str, String)> {
        let vertical = self.vertical.map(|code| code.parse::<Vertical>()).transpose();
        let vertical = vertical.map_err(|error| ("vertical", error.to_string()))?;
        let currency: Currency = self
            .currency
            .parse()
            .map_err(|error: domain::InvalidValue| ("currency", error.to_string()))?;
        let terms = terms_of(vertical.as_ref());
        Ok(Report {
            vertical,
            first_day: self.days.0.0,
            last_day: self.days.1.0,
            currency,
            model: self.model.unwrap_or_default().into(),
            window_days: self.window_days.unwrap_or(terms.window_days),
            half_life_days: self.half_life_days.unwrap_or(DEFAULT_HALF_LIFE_DAYS),
            settling_days: self.settling_days.unwrap_or(terms.settling_days),
            baseline: self.baseline,
        })
    }
}

impl IntoFault for RoiError {
    fn into_fault(self) -> async_graphql::Error {
        match self {
            Self::Statement(error @ StatementError::Past(_)) => error.into_fault(),
            Self::Unknown(message) => fault(Code::NotFound, message),
            other => fault(Code::BadUserInput, other.to_string()),
        }
    }
}

/// What can be asked about returns.
#[derive(Default)]
pub(crate) struct RoiQuery;

#[Object]
#[expect(clippy::too_many_arguments, reason = "GraphQL's arguments are the function's")]
impl RoiQuery {
    /// What agents brought in and what they cost, in days of the tenant's time zone: docs/roi.md tells each figure.
    async fn roi(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Of this line of business; of all together when left out.")] vertical: Option<
            String,
        >,
        #[graphql(desc = "From this day on.")] from: Date,
        #[graphql(desc = "Until this day, included.")] to: Date,
        #[graphql(desc = "In this currency; amounts in others are told apart and not converted.")]
        currency: String,
        #[graphql(desc = "How outcomes are shared out; LINEAR when left out.")] model: Option<RoiAttribution>,
        #[graphql(
            desc = "How many days before an outcome a run may have begun; the line of business's when left out."
        )]
        window_days: Option<u32>,
        #[graphql(desc = "The half-life of TIME_DECAY, in days; 7 when left out.")] half_life_days: Option<
            u32,
        >,
        #[graphql(desc = "After how many days an outcome is settled; the line of business's when left out.")]
        settling_days: Option<u32>,
        #[graphql(
            desc = "Against this baseline; the one that was registered last before the days began, when left out."
        )]
        baseline: Option<ID>,
        #[graphql(desc = "With the fee of this subscription alone; of all, when left out.")]
        subscription: Option<ID>,
        #[graphql(desc = "A cursor whose effect must be seen, for instance a mutation's.")] at_least: Option<
            Cursor,
        >,
        #[graphql(desc = "As it was at this point in the past.")] as_of: Option<AsOf>,
    ) -> Result<Roi> {
        let identity = ctx.data::<Identity>()?;
        let caller = May::Read.check(identity).and_then(|()| identity.caller());
        let tenant = caller.map_err(IntoFault::into_fault)?.tenant;
        let options = ctx.data::<Options>()?;
        see_those(ctx, ROI_READS, Some(tenant), at_least).await?;
        let asked = match &as_of {
            Some(AsOf::Time(at)) => Some(at.0),
            _ => None,
        };
        let then = then(ctx, tenant, as_of).await?;
        let position = then.map(|then| then.position);
        let ids = Ids::of(ctx)?;
        let own = |field: &'static str, kind: &'static str, id: Option<ID>| {
            let read = ids.optional(field, &[kind], id);
            read.map_err(super::kit::UserError::into_fault)
        };
        let terms = Terms {
            vertical,
            days: (from, to),
            currency,
            model,
            window_days,
            half_life_days,
            settling_days,
            baseline: own("baseline", "roi_baseline", baseline)?,
        };
        let report = terms
            .report()
            .map_err(|(field, reason)| fault(Code::BadUserInput, format!("{field}: {reason}")))?;
        let now = moment(options, tenant, (asked, position)).await?;
        let wish = RoiWish {
            report,
            subscription: own("subscription", "subscription", subscription)?,
            position,
            now,
        };
        let told = Box::pin(options.past.roi(tenant, &wish)).await;
        let told = told.map_err(IntoFault::into_fault)?;
        Roi::of(tenant, told)
    }
}

/// The moment by which outcomes are settled or not: now, the moment that was asked for, or when the event of the cursor that
/// was asked for was recorded.
async fn moment(
    options: &Options,
    tenant: domain::TenantId,
    (asked, position): (Option<Timestamp>, Option<u64>),
) -> Result<Timestamp> {
    let now = options.store.ambient().now();
    match (asked, position) {
        (Some(asked), _) => Ok(asked),
        (None, None) => Ok(now),
        (None, Some(position)) => {
            let recorded = options.past.recorded_at(tenant, position).await;
            Ok(recorded.map_err(IntoFault::into_fault)?.unwrap_or(now))
        }
    }
}
