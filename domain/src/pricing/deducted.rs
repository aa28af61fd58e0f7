//! What coupons and taxes of a period come to, and what that adds to what was billed of it before.

use rust_decimal::Decimal;

use super::coupon::RatedCoupon;
use super::exact::TooLarge;
use super::period::Period;
use super::tax::RatedTax;
use crate::kernel::Money;

/// Coupons and taxes of a period, all of its lines together. A coupon is known by its code, a tax by its code and rate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deducted {
    /// What coupons take off.
    pub coupons: Vec<RatedCoupon>,
    /// The taxes of what is left.
    pub taxes: Vec<RatedTax>,
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
