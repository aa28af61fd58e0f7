//! What a subscription's period comes to: its events, the plans, and what the meters measured, rated.

use std::collections::BTreeMap;

use domain::meter::{Aggregation, Definition, bundled_gauges};
use domain::plan::known_plans;
use domain::pricing::{
    Charge, Days, DraftInvoice, Ended, InvoiceRequest, Model, OutOfTime, Part as PlanPart, Period,
    RatingError, TooLarge, Transaction, Usage as Used, begin_of, day_of, rate_invoice,
};
use domain::subscription::{BillingError, agreement};
use domain::tenant::Zone;
use domain::{Event, InvalidValue, StreamId, TenantId};
use jiff::Timestamp;
use rust_decimal::Decimal;
use store::{Part, Place};

use super::{Counting, Past, PastError};
use crate::engine::ReadModel as _;
use crate::meter::MeterList;
use crate::metered_usage::{MeteredUsage, Span, Usage, UsageHour, measured};
use crate::reader::QueryError;

/// A quantity that no decimal tells in full is rated with so many places.
const PLACES: u32 = 12;
/// The most events of a subscription, and the most transactions of a charge, that are rated at once.
const AT_MOST: u32 = 100_000;

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

    /// What the period of a day comes to, for a subscription: its fees for the days on which they are in force, and what
    /// was used. `None`: there is no such subscription.
    ///
    /// # Errors
    /// [`StatementError`] names the charge and what to do.
    pub async fn statement(
        &self,
        tenant: TenantId,
        subscription: &str,
        at: Timestamp,
    ) -> Result<Option<Statement>, StatementError> {
        let folded = self.reader.checkpoints().await?;
        let own = folded.iter().find(|one| one.name == MeteredUsage::NAME);
        let position = own.map_or(0, |checkpoint| checkpoint.position);
        let settings = self.reader.tenant(tenant).await?;
        let zone: Zone = settings
            .map_or_else(|| "UTC".to_owned(), |row| row.time_zone)
            .parse()?;
        let stream = Part::Stream(StreamId {
            aggregate_type: "subscription",
            tenant,
            id: subscription.to_owned(),
        });
        let recorded = self
            .log
            .part(&stream, Place::default(), position, AT_MOST)
            .await?;
        let events = recorded.into_iter().filter_map(|recorded| match recorded.event {
            Event::Subscription(event) => Some((recorded.occurred_at, event)),
            _ => None,
        });
        let events: Vec<_> = events.collect();
        let plans = known_plans(&self.log.of_kind(tenant, "plan", position).await?);
        let Some(agreement) = agreement(&plans, &events, &zone)? else {
            return Ok(None);
        };
        let starts_on = agreement.cycle().starts_on;
        let on = day_of(at, &zone);
        if on < starts_on {
            return Err(StatementError::BeforeStart(starts_on));
        }
        let period = agreement.cycle().period_on(on)?;
        let parts = agreement.parts(&period);
        let mut meters = BTreeMap::new();
        let mut ended = Vec::new();
        for part in &parts {
            let usage = self.used(tenant, part, &zone, (position, &mut meters)).await?;
            ended.push(Ended {
                part: part.clone(),
                usage,
            });
        }
        let draft = rate_invoice(&InvoiceRequest {
            currency: agreement.currency(),
            starts_on,
            ended,
            begun: parts,
            other_lines: Vec::new(),
            coupons: Vec::new(),
            taxes: Vec::new(),
        })?;
        Ok(Some(Statement {
            period,
            draft,
            meters,
            position,
        }))
    }

    async fn used(
        &self,
        tenant: TenantId,
        part: &PlanPart,
        zone: &Zone,
        (position, meters): (u64, &mut BTreeMap<String, (u32, Definition)>),
    ) -> Result<BTreeMap<String, Used>, StatementError> {
        let mut used = BTreeMap::new();
        let span = span_of(part.in_force.days, zone)?;
        for charge in &part.plan.charges {
            if !meters.contains_key(&charge.meter) {
                let known = self.meter_definition(tenant, (&charge.meter, None), None).await?;
                let known = known.ok_or_else(|| StatementError::NoMeter {
                    charge: charge.code.clone(),
                    meter: charge.meter.clone(),
                })?;
                meters.insert(charge.meter.clone(), known);
            }
            let (version, definition) = &meters[&charge.meter];
            if charge.unit != definition.unit {
                return Err(StatementError::OtherUnit {
                    charge: charge.code.clone(),
                    unit: charge.unit.clone(),
                    meter: charge.meter.clone(),
                    counts_in: definition.unit.clone(),
                });
            }
            let usage = self
                .usage_of(tenant, charge, (*version, definition), (span, position))
                .await?;
            used.insert(charge.code.clone(), usage);
        }
        Ok(used)
    }

    async fn usage_of(
        &self,
        tenant: TenantId,
        charge: &Charge,
        (version, definition): (u32, &Definition),
        (span, position): (Span, u64),
    ) -> Result<Used, StatementError> {
        let unrated = |reason: &str| StatementError::Unrated {
            charge: charge.code.clone(),
            reason: reason.to_owned(),
        };
        if charge.outcome.is_some() {
            return Err(unrated("outcome prices can't be rated from meters yet"));
        }
        if span.from >= span.until {
            return Ok(match &charge.price {
                Model::Percentage(_) => Used::Transactions(Vec::new()),
                _ => Used::Quantity(Decimal::ZERO),
            });
        }
        if let Model::Percentage(_) = &charge.price {
            if definition.aggregation != Aggregation::Sum {
                return Err(unrated(
                    "a share is taken of each event's amount, so its meter must be a sum",
                ));
            }
            let counting = Counting {
                meter: &charge.meter,
                version,
                event_type: &definition.event_type,
                group: &BTreeMap::new(),
                span,
            };
            let counted = self
                .counted_events(tenant, &counting, (0, position), AT_MOST as usize)
                .await?;
            if counted.more {
                return Err(unrated("there are more transactions than can be rated at once"));
            }
            let transactions =
                counted
                    .events
                    .iter()
                    .zip(&counted.values)
                    .map(|(event, amount)| Transaction {
                        at: event.occurred_at,
                        id: event.event_id.to_string(),
                        amount: *amount,
                    });
            return Ok(Used::Transactions(transactions.collect()));
        }
        let is_level = definition.aggregation == Aggregation::TimeWeightedSum;
        let wanted = Usage {
            meter: &charge.meter,
            version,
            from: Some(span.from).filter(|_| !is_level),
            until: span.until,
        };
        let mut hours: Vec<UsageHour> = self.reader.metered_usage(tenant, &wanted).await?;
        for hour in &mut hours {
            "{}".clone_into(&mut hour.group_key);
        }
        let measure = measured(definition.aggregation, &hours, &[span])?
            .into_iter()
            .next();
        let (quantity, events) = match measure {
            Some(measure) => {
                let decimal = measure.quantity.to_decimal();
                (
                    decimal.map_or_else(|| measure.quantity.rounded(PLACES), Ok)?,
                    measure.events,
                )
            }
            None => (Decimal::ZERO, 0),
        };
        Ok(match &charge.price {
            Model::Dynamic(_) => Used::Priced {
                quantity: events.into(),
                amount: quantity,
            },
            _ => Used::Quantity(quantity),
        })
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
