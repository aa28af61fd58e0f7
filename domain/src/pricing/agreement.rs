//! An agreement: which plan is in force on which days, through upgrades, downgrades and the end.

use std::sync::Arc;

use jiff::civil::Date;

use super::error::{Problem, RatingError};
use super::exact::{Exact, TooLarge};
use super::fee::{Days, FlatFee};
use super::invoice::InForce;
use super::line::rounded;
use super::period::{Cycle, Interval, OutOfTime, Period};
use super::plan::PlanVersion;
use super::plan_changes::Downgrade;
use super::price::Price;
use crate::kernel::{Currency, Money};
use crate::tenant::Zone;

/// The code of a fee that was agreed upon in place of a plan's.
const AGREED: &str = "agreed";

/// The plans of one subscription over time, in one currency.
#[derive(Clone, Debug)]
pub struct Agreement {
    currency: Currency,
    cycle: Cycle,
    stretches: Vec<Stretch>,
    rests: Vec<Rest>,
    ends_on: Option<Date>,
}

#[derive(Clone, Debug)]
struct Stretch {
    plan: Arc<PlanVersion>,
    from: Date,
}

/// Days on which nothing is in force, from one up to another, this one excluded.
#[derive(Clone, Copy, Debug)]
struct Rest {
    from: Date,
    until: Option<Date>,
}

/// A plan, and the days of a period on which it is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The plan's version.
    pub plan: Arc<PlanVersion>,
    /// The period and its days.
    pub in_force: InForce,
    /// What comes behind these days in the period.
    pub then: Then,
}

/// What comes behind the days of a part in its period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Then {
    /// No other plan: the period is over, or the subscription ends or rests.
    #[default]
    NoOther,
    /// Another plan takes its place.
    Another,
}

/// Whether a change is to a dearer or a cheaper plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// To a plan whose flat fees are as high or higher: in force at once.
    Upgrade,
    /// To a plan whose flat fees are lower: in force from the next period on, unless the plan that is left says at once.
    Downgrade,
}

/// Why an agreement cannot be made or changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AgreementError {
    /// A plan that cannot be had in the currency.
    #[error("the plan has no prices in {0}: subscribe in one of its currencies")]
    NoCurrency(Currency),
    /// A plan of other periods.
    #[error("the plan is {new}, the subscription is {old}: end it and start another one")]
    OtherInterval {
        /// The subscription's interval.
        old: Interval,
        /// The plan's interval.
        new: Interval,
    },
    /// A change before the last one.
    #[error("{on} lies before {last}, when the last change took effect: changes come in order of time")]
    OutOfOrder {
        /// When it would take effect.
        on: Date,
        /// When the last one did.
        last: Date,
    },
    /// A change after the end.
    #[error("the subscription ends on {0}: start another one")]
    Ended(Date),
    /// A day outside the calendar.
    #[error(transparent)]
    OutOfTime(#[from] OutOfTime),
    /// Fees that cannot be compared.
    #[error(transparent)]
    Rating(#[from] RatingError),
}

impl PlanVersion {
    /// What its flat fees come to in a month; a quarter has three, a year twelve, and a week is 7/365 of a year.
    ///
    /// # Errors
    /// [`RatingError`] names the fee and what stands in the way.
    pub fn monthly_value(&self, currency: Currency) -> Result<Exact, RatingError> {
        let mut sum = Exact::ZERO;
        for fee in &self.fees {
            let amount = fee
                .price
                .in_currency(currency)
                .map_err(|problem| problem.on(&fee.code))?;
            let on_fee = |too_large: TooLarge| Problem::from(too_large).on(&fee.code);
            let month = amount.times(self.interval.periods_a_month()).map_err(on_fee)?;
            sum = sum.plus(month).map_err(on_fee)?;
        }
        Ok(sum)
    }

    /// The same plan at an agreed price a month in place of its flat fees, for a contract. The price may be in a
    /// currency that the plan lacks only if nothing but the fees has a price.
    ///
    /// # Errors
    /// [`AgreementError`].
    pub fn at_price(&self, price: Money) -> Result<Self, AgreementError> {
        let has_currency = self.currencies.contains(&price.currency);
        if has_currency && self.monthly_value(price.currency)? == price.amount.into() {
            return Ok(self.clone());
        }
        let only_fees = self.charges.is_empty() && self.minimum_spend.is_none() && self.commitment.is_none();
        if !has_currency && !only_fees {
            return Err(AgreementError::NoCurrency(price.currency));
        }
        let months = Exact::ONE
            .over(self.interval.periods_a_month())
            .and_then(|months| months.times(price.amount.into()));
        let amount = months.and_then(|exact| rounded(exact, price.currency));
        let amount = amount
            .map_err(|too_large| Problem::from(too_large).on(AGREED))?
            .amount;
        let terms = self
            .fees
            .first()
            .cloned()
            .unwrap_or_else(|| FlatFee::new(AGREED, Price::default()));
        let fee = FlatFee {
            code: AGREED.to_owned(),
            price: Price::new(amount, price.currency),
            ..terms
        };
        Ok(Self {
            currencies: vec![price.currency],
            fees: vec![fee],
            ..self.clone()
        })
    }

    /// Whether a change to another plan is an upgrade: its flat fees a month are as high or higher (Lago
    /// "upgrades and downgrades").
    ///
    /// # Errors
    /// [`RatingError`] names the fee and what stands in the way.
    pub fn change_to(&self, new: &Self, currency: Currency) -> Result<ChangeKind, RatingError> {
        let dearer = new.monthly_value(currency)? >= self.monthly_value(currency)?;
        Ok(if dearer {
            ChangeKind::Upgrade
        } else {
            ChangeKind::Downgrade
        })
    }
}

impl Agreement {
    /// A subscription to a plan from a day on.
    ///
    /// # Errors
    /// [`AgreementError::NoCurrency`].
    pub fn start(
        plan: Arc<PlanVersion>,
        currency: Currency,
        starts_on: Date,
        zone: Zone,
    ) -> Result<Self, AgreementError> {
        if !plan.currencies.contains(&currency) {
            return Err(AgreementError::NoCurrency(currency));
        }
        Ok(Self {
            currency,
            cycle: Cycle {
                interval: plan.interval,
                anchor: plan.anchor,
                starts_on,
                zone,
            },
            stretches: vec![Stretch {
                plan,
                from: starts_on,
            }],
            rests: vec![],
            ends_on: None,
        })
    }

    /// The currency of all its bills.
    #[must_use]
    pub const fn currency(&self) -> Currency {
        self.currency
    }

    /// Its billing periods.
    #[must_use]
    pub const fn cycle(&self) -> &Cycle {
        &self.cycle
    }

    /// Changes the plan, as asked for on a day, and tells from when on: an upgrade at once, a downgrade when the plan
    /// that is left says ([`Downgrade`]). A downgrade that has not taken effect gives way to the next change.
    ///
    /// # Errors
    /// [`AgreementError`].
    pub fn change(
        &mut self,
        plan: Arc<PlanVersion>,
        asked_on: Date,
    ) -> Result<(ChangeKind, Date), AgreementError> {
        if !plan.currencies.contains(&self.currency) {
            return Err(AgreementError::NoCurrency(self.currency));
        }
        let (old, new) = (self.cycle.interval, plan.interval);
        if old != new {
            return Err(AgreementError::OtherInterval { old, new });
        }
        if let Some(ends_on) = self.ends_on {
            return Err(AgreementError::Ended(ends_on));
        }
        let pending = |stretch: &Stretch| stretch.from > asked_on;
        let keep = self
            .stretches
            .iter()
            .position(pending)
            .unwrap_or(self.stretches.len())
            .max(1);
        let last = &self.stretches[keep - 1];
        if asked_on < last.from {
            let (on, last) = (asked_on, last.from);
            return Err(AgreementError::OutOfOrder { on, last });
        }
        let kind = last.plan.change_to(&plan, self.currency)?;
        let from = match kind {
            ChangeKind::Upgrade => asked_on,
            ChangeKind::Downgrade => match last.plan.changes.downgrade {
                Downgrade::NextPeriod => self.cycle.period_on(asked_on)?.end_day,
                Downgrade::AtOnce => asked_on,
            },
        };
        self.stretches.truncate(keep);
        self.stretches.push(Stretch { plan, from });
        Ok((kind, from))
    }

    /// Ends it: a day is the first on which nothing is in force.
    ///
    /// # Errors
    /// [`AgreementError`].
    pub fn end(&mut self, on: Date) -> Result<(), AgreementError> {
        match self.ends_on {
            Some(ends_on) => Err(AgreementError::Ended(ends_on)),
            None if on < self.cycle.starts_on => Err(AgreementError::OutOfOrder {
                on,
                last: self.cycle.starts_on,
            }),
            None => {
                self.ends_on = Some(on);
                Ok(())
            }
        }
    }

    /// Lets it rest from a day on: nothing is in force until it goes on.
    pub fn pause(&mut self, from: Date) {
        if self.rests.last().is_none_or(|rest| rest.until.is_some()) {
            self.rests.push(Rest { from, until: None });
        }
    }

    /// Lets it go on from a day on.
    pub fn resume(&mut self, on: Date) {
        if let Some(rest) = self.rests.last_mut().filter(|rest| rest.until.is_none()) {
            rest.until = Some(on.max(rest.from));
        }
    }

    /// The plans that are in force in a period, each with its days, in order. Flat fees, minimums and commitments
    /// of each count by its days; a charge is rated with the usage of its days.
    #[must_use]
    pub fn parts(&self, period: &Period) -> Vec<Part> {
        let end = self.ends_on.unwrap_or(period.end_day).min(period.end_day);
        let next = self
            .stretches
            .iter()
            .skip(1)
            .map(|stretch| stretch.from)
            .chain([end]);
        let mut parts: Vec<Part> = Vec::new();
        for (stretch, next) in self.stretches.iter().zip(next) {
            let before = parts.len();
            let (mut from, until) = (stretch.from.max(period.first_day), next.min(end));
            let open = Rest {
                from: until,
                until: None,
            };
            for rest in self.rests.iter().chain([&open]) {
                let days = Days {
                    from,
                    until: rest.from.min(until),
                };
                if days.from < days.until {
                    parts.push(Part {
                        plan: Arc::clone(&stretch.plan),
                        in_force: InForce {
                            period: period.clone(),
                            days,
                        },
                        then: Then::NoOther,
                    });
                }
                from = from.max(rest.until.unwrap_or(until));
            }
            if parts.len() > before {
                parts[..before]
                    .iter_mut()
                    .for_each(|part| part.then = Then::Another);
            }
        }
        parts
    }
}
