//! What a subscription's period comes to: its events, the plans, and what the meters measured, rated.

use std::collections::BTreeMap;

use domain::invoice::Stage;
use domain::meter::{Definition, bundled_gauges};
use domain::pricing::{
    Days, DraftInvoice, LedgerError, OutOfTime, Period, RatingError, TooLarge, begin_of, day_of,
};
use domain::subscription::BillingError;
use domain::tenant::Zone;
use domain::{InvalidValue, TenantId};
use jiff::Timestamp;

use super::books::Books;
use super::{Past, PastError};
use crate::meter::MeterList;
use crate::metered_usage::Span;
use crate::reader::QueryError;

/// What a period comes to, as far as events tell.
#[derive(Clone, Debug)]
pub struct Statement {
    /// The period.
    pub period: Period,
    /// Its fees and its usage.
    pub draft: DraftInvoice,
    /// The meters' versions and definitions, by code.
    pub meters: BTreeMap<String, (u32, Definition)>,
    /// The position up to which events were counted.
    pub position: u64,
}

/// Why a period can't be rated.
#[derive(Debug, thiserror::Error)]
pub enum StatementError {
    /// The log or the read models can't tell.
    #[error(transparent)]
    Past(#[from] PastError),
    /// Terms that do not go together.
    #[error(transparent)]
    Billing(#[from] BillingError),
    /// A line that can't be rated.
    #[error(transparent)]
    Rating(#[from] RatingError),
    /// Prepaid credits that can't pay.
    #[error(transparent)]
    Credits(#[from] LedgerError),
    /// A day outside the calendar.
    #[error(transparent)]
    OutOfTime(#[from] OutOfTime),
    /// A figure that can't be kept exactly.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// The tenant's zone is none.
    #[error("the tenant's zone: {0}")]
    Zone(#[from] InvalidValue),
    /// A day on which the subscription had not begun.
    #[error("on: the subscription begins on {0}")]
    BeforeStart(jiff::civil::Date),
    /// A subscription that is not in the log any more.
    #[error("the log has no subscription {0}")]
    Gone(String),
    /// A charge whose meter nobody defined.
    #[error(
        "the charge {charge} counts with the meter {meter}, and there is none: define it, or change the plan"
    )]
    NoMeter {
        /// The charge.
        charge: String,
        /// The meter.
        meter: String,
    },
    /// A charge in another unit than its meter.
    #[error(
        "the charge {charge} is priced by the {unit}, but its meter {meter} counts in another unit: {counts_in}"
    )]
    OtherUnit {
        /// The charge.
        charge: String,
        /// Its unit.
        unit: String,
        /// The meter.
        meter: String,
        /// The meter's unit.
        counts_in: String,
    },
    /// A period that runs still.
    #[error("the period runs until {last_day}: bill it when it is over")]
    NotOver {
        /// Its last day.
        last_day: jiff::civil::Date,
    },
    /// A period that has not begun.
    #[error("the period begins on {first_day}: bill its opening from then on")]
    NotBegun {
        /// Its first day.
        first_day: jiff::civil::Date,
    },
    /// Amounts of another currency than the subscription's.
    #[error(
        "the meter {meter} counts amounts in {other}, too, and the subscription is in {currency}: filter the meter by \
         currency"
    )]
    OtherCurrency {
        /// The meter.
        meter: String,
        /// The other currency.
        other: String,
        /// The subscription's.
        currency: &'static str,
    },
    /// What can't be rated from meters.
    #[error("the charge {charge}: {reason}")]
    Unrated {
        /// The charge.
        charge: String,
        /// Why.
        reason: String,
    },
}

impl From<QueryError> for StatementError {
    fn from(error: QueryError) -> Self {
        Self::Past(error.into())
    }
}

impl From<store::ReadError> for StatementError {
    fn from(error: store::ReadError) -> Self {
        Self::Past(error.into())
    }
}

impl Past {
    /// A meter's version and what it counts: the newest, when none is named; one of the tenant's own or a bundled one.
    ///
    /// # Errors
    /// [`PastError`].
    pub async fn meter_definition(
        &self,
        tenant: TenantId,
        (code, version): (&str, Option<u32>),
        position: Option<u64>,
    ) -> Result<Option<(u32, Definition)>, PastError> {
        if let Some(gauge) = bundled_gauges()
            .iter()
            .find(|gauge| gauge.code().as_str() == code)
        {
            let wanted = version.is_none_or(|version| version == gauge.version());
            return Ok(wanted.then(|| (gauge.version(), gauge.definition().clone())));
        }
        let row = match position {
            Some(position) => self.entity::<MeterList>(tenant, code, position).await?,
            None => self
                .reader
                .entities::<MeterList>(tenant, &[code.to_owned()])
                .await?
                .pop(),
        };
        Ok(row.and_then(|row| {
            let version = version.unwrap_or_else(|| u32::try_from(row.version).unwrap_or_default());
            let place = usize::try_from(version).ok()?.checked_sub(1)?;
            Some((version, row.versions.into_iter().nth(place)?))
        }))
    }

    /// What the period of a day comes to, for a subscription: its fees for the days on which they are in force, what was
    /// used, and what prepaid credits would pay of it now. `None`: there is no such subscription.
    ///
    /// # Errors
    /// [`StatementError`] names the charge and what to do.
    pub async fn statement(
        &self,
        tenant: TenantId,
        subscription: &str,
        (at, now): (Timestamp, Timestamp),
    ) -> Result<Option<Statement>, StatementError> {
        let books = Books::now(self, tenant).await?;
        let Some(mut account) = books.account(subscription).await? else {
            return Ok(None);
        };
        let on = day_of(at, &account.zone);
        let agreement = account.agreement(&account.zone)?;
        let starts_on = agreement.cycle().starts_on;
        if on < starts_on {
            return Err(StatementError::BeforeStart(starts_on));
        }
        let period = agreement.cycle().period_on(on)?;
        let rated = account.rate(&agreement, &period, Stage::Closing).await?;
        let before = account.invoices(subscription).await?;
        let mut draft = account.settled((&agreement, &period), rated.lines, &before)?;
        account.pay(&mut draft, &before, now)?;
        Ok(Some(Statement {
            period,
            draft,
            position: account.position(),
            meters: account.meters,
        }))
    }
}

/// The moments of days in a zone.
///
/// # Errors
/// [`OutOfTime`].
pub fn span_of(days: Days, zone: &Zone) -> Result<Span, OutOfTime> {
    Ok(Span {
        from: begin_of(days.from, zone)?,
        until: begin_of(days.until, zone)?,
    })
}
