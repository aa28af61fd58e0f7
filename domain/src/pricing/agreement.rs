//! An agreement: which plan is in force on which days, through upgrades, downgrades and the end.

use jiff::civil::Date;

use super::error::{Problem, RatingError};
use super::exact::{Exact, TooLarge};
use super::fee::Days;
use super::invoice::InForce;
use super::period::{Cycle, Interval, OutOfTime, Period};
use super::plan::PlanVersion;
use crate::kernel::Currency;
use crate::tenant::Zone;

/// The plans of one subscription over time, in one currency.
#[derive(Clone, Debug)]
pub struct Agreement<'a> {
    currency: Currency,
    cycle: Cycle,
    stretches: Vec<Stretch<'a>>,
    ends_on: Option<Date>,
}

#[derive(Clone, Copy, Debug)]
struct Stretch<'a> {
    plan: &'a PlanVersion,
    from: Date,
}

/// A plan, and the days of a period on which it is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part<'a> {
    /// The plan's version.
    pub plan: &'a PlanVersion,
    /// The period and its days.
    pub in_force: InForce,
}

/// Whether a change is to a dearer or a cheaper plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// To a plan whose flat fees are as high or higher: in force at once.
    Upgrade,
    /// To a plan whose flat fees are lower: in force from the next period on.
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
        let months = match self.interval {
            Interval::Weekly => Exact::ratio(7 * 12, 365),
            Interval::Monthly => Ok(Exact::ONE),
            Interval::Quarterly => Ok(Exact::whole(3)),
            Interval::Yearly => Ok(Exact::whole(12)),
        };
        let mut sum = Exact::ZERO;
        for fee in &self.fees {
            let amount = fee
                .price
                .in_currency(currency)
                .map_err(|problem| problem.on(&fee.code))?;
            let on_fee = |too_large: TooLarge| Problem::from(too_large).on(&fee.code);
            let month = months.and_then(|months| amount.over(months)).map_err(on_fee)?;
            sum = sum.plus(month).map_err(on_fee)?;
        }
        Ok(sum)
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

impl<'a> Agreement<'a> {
    /// A subscription to a plan from a day on.
    ///
    /// # Errors
    /// [`AgreementError::NoCurrency`].
    pub fn start(
        plan: &'a PlanVersion,
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
            ends_on: None,
        })
    }

    /// Its billing periods.
    #[must_use]
    pub const fn cycle(&self) -> &Cycle {
        &self.cycle
    }

    /// Changes the plan, as asked for on a day, and tells from when on: an upgrade at once, a downgrade from the
    /// next period on, so that what was paid for is used up (Lago "upgrades and downgrades"). A downgrade that
    /// has not taken effect gives way to the next change.
    ///
    /// # Errors
    /// [`AgreementError`].
    pub fn change(
        &mut self,
        plan: &'a PlanVersion,
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
        let pending = |stretch: &Stretch<'_>| stretch.from > asked_on;
        let keep = self
            .stretches
            .iter()
            .position(pending)
            .unwrap_or(self.stretches.len())
            .max(1);
        let last = self.stretches[keep - 1];
        if asked_on < last.from {
            let (on, last) = (asked_on, last.from);
            return Err(AgreementError::OutOfOrder { on, last });
        }
        let kind = last.plan.change_to(plan, self.currency)?;
        let from = match kind {
            ChangeKind::Upgrade => asked_on,
            ChangeKind::Downgrade => self.cycle.period_on(asked_on)?.end_day,
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

    /// The plans that are in force in a period, each with its days, in order and without gaps. Flat fees, minimums
    /// and commitments of each count by its days; a charge is rated with the usage of its days.
    #[must_use]
    pub fn parts(&self, period: &Period) -> Vec<Part<'a>> {
        let end = self.ends_on.unwrap_or(period.end_day).min(period.end_day);
        let next = self
            .stretches
            .iter()
            .skip(1)
            .map(|stretch| stretch.from)
            .chain([end]);
        let parts = self.stretches.iter().zip(next).map(|(stretch, next)| Part {
            plan: stretch.plan,
            in_force: InForce {
                period: period.clone(),
                days: Days {
                    from: stretch.from.max(period.first_day),
                    until: next.min(end),
                },
            },
        });
        parts
            .filter(|part| part.in_force.days.from < part.in_force.days.until)
            .collect()
    }
}
