//! Coupons: what is taken off an invoice before taxes.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::error::{Problem, RatingError};
use super::exact::Exact;
use super::figure;
use super::line::{RatedLine, rounded, total};
use super::period::Period;
use super::price::Price;
use crate::kernel::{Currency, Money};

/// What a coupon takes off, from what, and for how long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Coupon {
    /// Its code.
    pub code: String,
    /// How much it takes off.
    pub discount: Discount,
    /// The codes of the fees and charges that it is for; all of them, if it names none.
    #[serde(default)]
    pub only_for: Vec<String>,
    /// For how many billing periods of the subscription.
    #[serde(default)]
    pub lasts: Lasts,
    /// The last day on which a period may begin that it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_on: Option<Date>,
}

/// How much a coupon takes off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Discount {
    /// An amount an invoice. What is more than the invoice is lost.
    Amount(Price),
    /// A share in per cent.
    Percent(
        #[serde(with = "figure")]
        #[schemars(with = "String")]
        Decimal,
    ),
}

/// For how many billing periods a coupon lasts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Lasts {
    /// For one.
    Once,
    /// For so many.
    Periods(u32),
    /// For all.
    #[default]
    Forever,
}

/// A coupon that a subscription has, and for how many billing periods it was used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppliedCoupon {
    /// The coupon.
    pub coupon: Coupon,
    /// For how many billing periods it was used.
    pub used: u32,
}

/// What a coupon took off an invoice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RatedCoupon {
    /// The coupon's code.
    pub code: String,
    /// What it was taken off.
    pub base: Decimal,
    /// The discount before rounding.
    pub exact: Exact,
    /// The discount, rounded; above zero, unless it is a difference to what was taken off before.
    pub amount: Money,
    /// The earlier period of whose bill this is the difference; none: it is of the invoice's own period.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrects: Option<Period>,
}

impl AppliedCoupon {
    /// Whether it is for a period that begins on this day.
    #[must_use]
    pub fn is_for(&self, first_day: Date) -> bool {
        let left = match self.coupon.lasts {
            Lasts::Once => self.used == 0,
            Lasts::Periods(periods) => self.used < periods,
            Lasts::Forever => true,
        };
        left && self.coupon.expires_on.is_none_or(|last| first_day <= last)
    }
}

/// Takes coupons off lines: those that name their lines first, then those for all; each off what the ones before
/// left, never below zero, and rounded for itself (Flexprice "Invoice Calculation Order").
///
/// # Errors
/// [`RatingError`] names the coupon and what stands in the way.
pub(super) fn take_off(
    lines: &[RatedLine],
    coupons: &[AppliedCoupon],
    first_day: Date,
    currency: Currency,
) -> Result<Vec<RatedCoupon>, RatingError> {
    let due = coupons
        .iter()
        .filter(|coupon| coupon.is_for(first_day))
        .map(|applied| &applied.coupon);
    let (targeted, overall): (Vec<&Coupon>, Vec<&Coupon>) =
        due.partition(|coupon| !coupon.only_for.is_empty());
    let mut taken: Vec<(&Coupon, RatedCoupon)> = Vec::new();
    for coupon in targeted.into_iter().chain(overall) {
        let rated = coupon
            .rate(lines, &taken, currency)
            .map_err(|problem| problem.on(&coupon.code))?;
        taken.push((coupon, rated));
    }
    Ok(taken
        .into_iter()
        .map(|(_, rated)| rated)
        .filter(|rated| !rated.amount.amount.is_zero())
        .collect())
}

impl Coupon {
    fn rate(
        &self,
        lines: &[RatedLine],
        before: &[(&Self, RatedCoupon)],
        currency: Currency,
    ) -> Result<RatedCoupon, Problem> {
        let mine = lines
            .iter()
            .filter(|line| self.only_for.is_empty() || self.only_for.contains(&line.code));
        let touches = |other: &Self| {
            self.only_for.is_empty() || other.only_for.iter().any(|code| self.only_for.contains(code))
        };
        let taken = before
            .iter()
            .filter(|(other, _)| touches(other))
            .map(|(_, rated)| rated.amount.amount);
        let left_of_mine = taken.fold(total(mine)?, |sum, amount| sum - amount);
        let left_of_all = before
            .iter()
            .fold(total(lines)?, |sum, (_, rated)| sum - rated.amount.amount);
        let base = left_of_mine.min(left_of_all).max(Decimal::ZERO);
        let exact = match &self.discount {
            Discount::Amount(price) => price.in_currency(currency)?,
            Discount::Percent(percent) => Exact::from(*percent).percent_of(base.into())?,
        };
        let exact = exact.max(Exact::ZERO).min(base.into());
        Ok(RatedCoupon {
            code: self.code.clone(),
            base,
            exact,
            amount: rounded(exact, currency)?,
            corrects: None,
        })
    }
}
