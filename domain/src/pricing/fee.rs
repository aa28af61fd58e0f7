//! Flat fees: in advance or in arrears, prorated by day on start, change and end.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::error::{Problem, RatingError};
use super::exact::Exact;
use super::line::{Basis, LineKind, RatedLine, RatedTier};
use super::period::Period;
use super::price::Price;
use crate::kernel::{Currency, Money};

/// A fee of a billing period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FlatFee {
    /// Its code, unique in a plan's version.
    pub code: String,
    /// Its name on an invoice.
    pub name: String,
    /// What it costs a period.
    pub price: Price,
    /// When it is due.
    #[serde(default)]
    pub due: Due,
    /// Whether a part of a period costs a part of it.
    #[serde(default)]
    pub proration: Proration,
}

/// When a fee is due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Due {
    /// At a period's begin.
    #[default]
    InAdvance,
    /// At a period's end.
    InArrears,
}

/// Whether a part of a period costs a part of the fee.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Proration {
    /// The fee times the days in force by the days of the period (Lago, Flexprice "day based").
    #[default]
    ByDay,
    /// A period that is in force for a day costs the whole fee.
    None,
}

/// Days of a period, from one up to another, this one excluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Days {
    /// The first day.
    pub from: Date,
    /// The first day after them.
    pub until: Date,
}

/// What becomes of a fee that was paid in advance when the plan changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OldFee {
    /// Its days from the change on are credited (Stripe, Flexprice, Lago today).
    #[default]
    CreditUnusedDays,
    /// All that was invoiced is credited (Lago's first plans: "21 days x $40 / 31 days - $20 already invoiced").
    CreditInvoiced,
}

impl FlatFee {
    /// A fee in advance, prorated by day.
    #[must_use]
    pub fn new(code: &str, price: Price) -> Self {
        Self {
            code: code.to_owned(),
            name: code.to_owned(),
            price,
            due: Due::InAdvance,
            proration: Proration::ByDay,
        }
    }

    /// The line of a period in which the fee is in force on these days.
    ///
    /// # Errors
    /// [`RatingError`] names the line and what stands in the way.
    pub fn line(&self, period: &Period, days: Days, currency: Currency) -> Result<RatedLine, RatingError> {
        self.part(period, days, currency)
            .and_then(|tier| RatedLine::of(&self.code, LineKind::Fee, currency, vec![tier]))
            .map(|line| line.on(days))
            .map_err(|problem| problem.on(&self.code))
    }

    /// The credit for the days of a paid period on which the fee is in force no more.
    ///
    /// # Errors
    /// [`RatingError`] names the line and what stands in the way.
    pub fn credit(
        &self,
        period: &Period,
        unused: Days,
        currency: Currency,
    ) -> Result<RatedLine, RatingError> {
        let credit = || {
            let part = self.part(period, unused, currency)?;
            let part = match self.proration {
                Proration::ByDay => RatedTier::part(Basis::Days, part.quantity.negated(), part.price)?,
                Proration::None => RatedTier::part(Basis::Days, Exact::ZERO, part.price)?,
            };
            Ok(RatedLine::of(&self.code, LineKind::Credit, currency, vec![part])?.on(unused))
        };
        credit().map_err(|problem: Problem| problem.on(&self.code))
    }

    fn part(&self, period: &Period, days: Days, currency: Currency) -> Result<RatedTier, Problem> {
        let share = period.share(days.from, days.until)?;
        let share = match self.proration {
            Proration::ByDay => share,
            Proration::None if share.is_zero() => Exact::ZERO,
            Proration::None => Exact::ONE,
        };
        Ok(RatedTier::part(
            Basis::Days,
            share,
            self.price.in_currency(currency)?,
        )?)
    }

    /// What changing from this fee to another costs in the middle of a period that is paid for: a credit for the
    /// old fee and a line for the new one from the day of the change on, each rounded for itself.
    ///
    /// # Errors
    /// [`RatingError`] names the line and what stands in the way.
    pub fn change_to(&self, new: &Self, change: &Change) -> Result<[RatedLine; 2], RatingError> {
        let Change { period, on, .. } = change;
        let rest = Days {
            from: *on,
            until: period.end_day,
        };
        let currency = change.invoiced.currency;
        let credit = match change.old_fee {
            OldFee::CreditUnusedDays => {
                let credit = self.credit(period, rest, currency)?;
                change.capped(credit).map_err(|problem| problem.on(&self.code))?
            }
            OldFee::CreditInvoiced => {
                let whole = RatedTier::adjustment(Exact::from(change.left_to_credit()).negated());
                let line = RatedLine::of(&self.code, LineKind::Credit, currency, vec![whole]);
                line.map_err(|problem| problem.on(&self.code))?
            }
        };
        Ok([credit, new.line(period, rest, currency)?])
    }
}

/// A change of plan in the middle of a period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The period that is paid for.
    pub period: Period,
    /// The first day of the new plan.
    pub on: Date,
    /// What becomes of the old fee.
    pub old_fee: OldFee,
    /// What was invoiced for the old fee, in the subscription's currency.
    pub invoiced: Money,
    /// What was credited of it before.
    pub credited: Decimal,
}

impl Change {
    fn left_to_credit(&self) -> Decimal {
        self.invoiced
            .amount
            .saturating_sub(self.credited)
            .max(Decimal::ZERO)
    }

    /// A credit of no more than is left of what was invoiced: a fee that a coupon had made cheaper is not given
    /// back at its full price (Flexprice, calculator_test.go "CapCreditAmount").
    fn capped(&self, credit: RatedLine) -> Result<RatedLine, Problem> {
        let left = self.left_to_credit();
        if -credit.amount.amount <= left {
            return Ok(credit);
        }
        let excess = credit.exact.negated().minus(left.into())?;
        let tiers = [credit.tiers, vec![RatedTier::adjustment(excess)]].concat();
        let capped = RatedLine::of(&credit.code, LineKind::Credit, self.invoiced.currency, tiers)?;
        Ok(RatedLine {
            days: credit.days,
            ..capped
        })
    }
}
