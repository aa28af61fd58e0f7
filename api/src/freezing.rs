//! Freezing reports of returns: on demand, and every month.

use domain::roi::{AttributionModel, DEFAULT_HALF_LIFE_DAYS, terms_of};
use domain::roi_snapshot::{Command, Refusal, Report, RoiSnapshot};
use domain::{Caller, TenantId, Vertical};
use jiff::Timestamp;
use jiff::civil::Date;
use projections::roi::{RoiError, RoiWish};
use projections::{Past, ROI_READS, Reader, StatementError};
use store::{Orders, Store, StoreError};

use crate::invoicing::Month;

/// A report, ready to be frozen.
#[derive(Clone, Debug)]
pub struct Frozen {
    /// What freezes it.
    pub command: Command,
}

/// Why a month was not frozen.
#[derive(Debug, thiserror::Error)]
pub enum FreezingError {
    /// It can't be told.
    #[error(transparent)]
    Roi(#[from] RoiError),
    /// The log does not take it.
    #[error(transparent)]
    Store(#[from] StoreError<Refusal>),
    /// The name of a line of business or currency makes no id.
    #[error(transparent)]
    Id(#[from] domain::InvalidValue),
}

/// The id under which a report is frozen when none is given.
#[must_use]
pub fn name_of(report: &Report) -> String {
    let vertical = report
        .vertical
        .as_ref()
        .map_or_else(|| "all".to_owned(), ToString::to_string);
    let (first, last, currency) = (report.first_day, report.last_day, report.currency);
    format!("{first}.{last}.{vertical}.{currency}")
}

/// Tells a report of what the read models have seen by now, so that it can be frozen with the position.
///
/// # Errors
/// [`RoiError`].
pub async fn freeze(
    reader: &Reader,
    past: &Past,
    tenant: TenantId,
    (report, now): (Report, Timestamp),
) -> Result<Frozen, RoiError> {
    let folded = reader.checkpoints().await.map_err(StatementError::from)?;
    let reads = folded.iter().filter(|one| ROI_READS.contains(&one.name.as_str()));
    let position = reads.map(|one| one.position).min().unwrap_or_default();
    let wish = RoiWish {
        report,
        subscription: None,
        position: Some(position),
        now,
    };
    let told = Box::pin(past.roi(tenant, &wish)).await?;
    Ok(Frozen {
        command: Command::Freeze {
            report: told.report,
            figures: told.told.into_iter().map(|told| told.figure).collect(),
            state: told.state,
            counted_up_to: told.position,
            told_at: now,
        },
    })
}

/// Freezes a month of a tenant: of each line of business in which something happened in it, in the tenant's currency. Gives how many were frozen; those in which
/// nothing has changed are not.
///
/// # Errors
/// [`FreezingError`].
pub async fn freeze_month(
    (store, reader, past): (&Store, &Reader, &Past),
    caller: &Caller,
    month: Month,
) -> Result<u32, FreezingError> {
    let tenant = caller.tenant;
    let settings = reader
        .tenant(tenant)
        .await
        .map_err(StatementError::from)
        .map_err(RoiError::from)?;
    let Some(settings) = settings else { return Ok(0) };
    let now = store.ambient().now();
    let (first, last) = month.days();
    let active = reader.roi_summary(tenant, None, Some(first), Some(last)).await;
    let active = active.map_err(StatementError::from).map_err(RoiError::from)?;
    let mut frozen = 0;
    for vertical in active.into_iter().map(|month| month.vertical) {
        let report = month_of(&vertical, month.days(), settings.currency);
        let id = name_of(&report).parse()?;
        let Frozen { command } = freeze(reader, past, tenant, (report, now)).await?;
        match store
            .execute::<RoiSnapshot>(caller, &id, Orders::one(command))
            .await
        {
            Ok(_) => frozen += 1,
            Err(StoreError::Refused(Refusal::NothingChanged | Refusal::Behind { .. })) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(frozen)
}

fn month_of(vertical: &Vertical, (first_day, last_day): (Date, Date), currency: domain::Currency) -> Report {
    let terms = terms_of(Some(vertical));
    Report {
        vertical: Some(vertical.clone()),
        first_day,
        last_day,
        currency,
        model: AttributionModel::default(),
        window_days: terms.window_days,
        half_life_days: DEFAULT_HALF_LIFE_DAYS,
        settling_days: terms.settling_days,
        baseline: None,
    }
}
