//! What coupons and taxes of a period come to, and what that adds to what was billed of it before.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::billed::{BilledLine, GivenBack, LineKey};
use super::coupon::{AppliedCoupon, RatedCoupon, take_off};
use super::error::{Problem, RatingError};
use super::exact::TooLarge;
use super::invoice::DraftInvoice;
use super::line::{LineKind, RatedLine, RatedTier, total};
use super::period::Period;
use super::tax::{RatedTax, Tax, levy};
use crate::kernel::{Currency, Money};

/// The code of the line that keeps up what credit notes gave back: a fee or a charge can't have it.
pub(super) const GIVEN_BACK: &str = "credit_notes";

/// What the lines of a period are settled with.
#[derive(Clone, Debug)]
pub struct Settlement<'a> {
    /// The currency of all amounts.
    pub currency: Currency,
    /// The period's first day, which a coupon must be for.
    pub first_day: Date,
    /// The subscription's coupons, in the order in which they were applied to it.
    pub coupons: &'a [AppliedCoupon],
    /// The customer's taxes.
    pub taxes: &'a [Tax],
    /// What coupons took off so far.
    pub before: &'a Deducted,
    /// What credit notes gave back of the period's lines.
    pub given_back: &'a [GivenBack],
}

impl Settlement<'_> {
    /// What a period comes to, of which these lines were billed before: its lines, less coupons, with the taxes of what is left.
    ///
    /// What credit notes gave back is not given back a second time by lines that come to less than before, so that a change
    /// of plan never credits more than was invoiced (Flexprice, calculator_test.go "CapCreditAmount"): a line stays at what
    /// was given back of it, and if a coupon takes more off than that, a line of its own makes up for it.
    ///
    /// # Errors
    /// [`RatingError`] names the line, the coupon or the tax, and what stands in the way.
    pub fn settle<B>(
        &self,
        mut lines: Vec<RatedLine>,
        billed: &[BilledLine<B>],
    ) -> Result<DraftInvoice, RatingError> {
        lines.retain(|line| !is_given_back(line));
        for line in billed {
            self.keep(line, &mut lines)
                .map_err(|too_large| Problem::from(too_large).on(&line.key.code))?;
        }
        let coupons = take_off(&lines, self.coupons, self.first_day, self.currency)?;
        let untaxed = Deducted {
            coupons,
            taxes: Vec::new(),
        };
        let mut net = DraftInvoice::of(self.currency, lines.clone(), untaxed.clone())?.total;
        let coupons = self.before.coupons.iter().map(|coupon| coupon.amount.amount);
        let before = total(billed.iter().map(|line| &line.line))
            .map_err(|too_large| Problem::from(too_large).on("total"))?;
        let before = before - coupons.sum::<Decimal>();
        let given_back: Decimal = self.given_back.iter().map(|part| part.net).sum();
        let missing = (given_back + net.min(Decimal::ZERO)).min(before) - net;
        if missing > Decimal::ZERO {
            net += missing;
            let missing = RatedTier::adjustment(missing.into());
            let line = RatedLine::of(GIVEN_BACK, LineKind::TrueUp, self.currency, vec![missing]);
            lines.push(line.map_err(|problem| problem.on(GIVEN_BACK))?);
        }
        let taxes = levy(net, self.taxes, self.currency)?;
        DraftInvoice::of(self.currency, lines, Deducted { taxes, ..untaxed })
    }

    /// Lets a line that was billed stay at what credit notes gave back of it.
    fn keep<B>(&self, billed: &BilledLine<B>, lines: &mut Vec<RatedLine>) -> Result<(), TooLarge> {
        let parts = self.given_back.iter().filter(|part| part.key == billed.key);
        let given_back: Decimal = parts.map(|part| part.amount).sum();
        let is_it = |line: &RatedLine| LineKey::of(line.kind, line) == billed.key;
        let now = total(lines.iter().filter(|line| is_it(line)))?;
        let missing = given_back.min(billed.line.amount.amount) - now;
        if given_back.is_zero() || missing <= Decimal::ZERO {
            return Ok(());
        }
        match lines.iter().position(is_it) {
            Some(place) => lines[place] = lines[place].clone().and(missing)?,
            None => {
                let gone = RatedLine {
                    kind: billed.key.kind,
                    ..billed.line.nothing()
                };
                lines.push(gone.and(missing)?);
            }
        }
        Ok(())
    }
}

fn is_given_back(line: &RatedLine) -> bool {
    line.code == GIVEN_BACK && line.kind == LineKind::TrueUp
}

/// Coupons and taxes of a period, all of its lines together. A coupon is known by its code, a tax by its code and rate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deducted {
    /// What coupons take off.
    pub coupons: Vec<RatedCoupon>,
    /// The taxes of what is left.
    pub taxes: Vec<RatedTax>,
}

impl From<DraftInvoice> for Deducted {
    fn from(invoice: DraftInvoice) -> Self {
        Self {
            coupons: invoice.coupons,
            taxes: invoice.taxes,
        }
    }
}

impl Deducted {
    /// Whether a coupon takes anything off.
    #[must_use]
    pub fn has(&self, coupon: &str) -> bool {
        let mut known = self.coupons.iter();
        known.any(|rated| rated.code == coupon && !rated.amount.amount.is_zero())
    }

    /// Takes in what an invoice billed of the period.
    ///
    /// # Errors
    /// [`TooLarge`].
    pub fn add_coupon(&mut self, coupon: &RatedCoupon) -> Result<(), TooLarge> {
        match self.coupons.iter_mut().find(|known| known.code == coupon.code) {
            Some(known) => *known = known.plus(coupon)?,
            None => self.coupons.push(coupon.clone()),
        }
        Ok(())
    }

    /// The same for a tax.
    ///
    /// # Errors
    /// [`TooLarge`].
    pub fn add_tax(&mut self, tax: &RatedTax) -> Result<(), TooLarge> {
        match self.taxes.iter_mut().find(|known| known.is_same(tax)) {
            Some(known) => *known = known.plus(tax)?,
            None => self.taxes.push(tax.clone()),
        }
        Ok(())
    }

    /// What this adds to what was billed before, so that both together are this, to the cent: differences of rounded amounts.
    /// Those of an earlier period name it.
    ///
    /// # Errors
    /// [`TooLarge`].
    pub fn since(&self, before: &Self, corrects: Option<&Period>) -> Result<Self, TooLarge> {
        let mut added = Self::default();
        for coupon in &self.coupons {
            added.add_coupon(coupon)?;
        }
        for coupon in &before.coupons {
            added.add_coupon(&coupon.negated())?;
        }
        for tax in &self.taxes {
            added.add_tax(tax)?;
        }
        for tax in &before.taxes {
            added.add_tax(&tax.negated())?;
        }
        added.coupons.retain(|coupon| !coupon.amount.amount.is_zero());
        // Of a period that was not billed before, a tax of zero is told, too.
        let is_first = before == &Self::default();
        let says = |tax: &RatedTax| !tax.amount.amount.is_zero() || !tax.base.amount.is_zero();
        added.taxes.retain(|tax| is_first || says(tax));
        for coupon in &mut added.coupons {
            coupon.corrects = corrects.cloned();
        }
        for tax in &mut added.taxes {
            tax.corrects = corrects.cloned();
        }
        Ok(added)
    }
}

fn sum(left: Decimal, right: Decimal) -> Result<Decimal, TooLarge> {
    left.checked_add(right).ok_or(TooLarge)
}

impl RatedCoupon {
    fn plus(&self, other: &Self) -> Result<Self, TooLarge> {
        Ok(Self {
            base: sum(self.base, other.base)?,
            exact: self.exact.plus(other.exact)?,
            amount: Money::new(
                sum(self.amount.amount, other.amount.amount)?,
                self.amount.currency,
            ),
            ..self.clone()
        })
    }

    fn negated(&self) -> Self {
        Self {
            base: -self.base,
            exact: self.exact.negated(),
            amount: Money::new(-self.amount.amount, self.amount.currency),
            ..self.clone()
        }
    }
}

impl RatedTax {
    fn is_same(&self, other: &Self) -> bool {
        (&self.code, self.rate_percent) == (&other.code, other.rate_percent)
    }

    fn plus(&self, other: &Self) -> Result<Self, TooLarge> {
        Ok(Self {
            base: Money::new(sum(self.base.amount, other.base.amount)?, self.base.currency),
            exact: self.exact.plus(other.exact)?,
            amount: Money::new(
                sum(self.amount.amount, other.amount.amount)?,
                self.amount.currency,
            ),
            ..self.clone()
        })
    }

    fn negated(&self) -> Self {
        Self {
            base: Money::new(-self.base.amount, self.base.currency),
            exact: self.exact.negated(),
            amount: Money::new(-self.amount.amount, self.amount.currency),
            ..self.clone()
        }
    }
}
