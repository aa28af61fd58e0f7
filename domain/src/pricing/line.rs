//! A rated line: what was used, how it was priced tier by tier, the exact amount and the rounded one.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::error::Problem;
use super::exact::{Exact, TooLarge};
use super::fee::Days;
use super::outcome::OutcomeTerms;
use crate::kernel::{Currency, Money};

/// What a part of a line counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// Units at a price each.
    Units,
    /// Packages at a price each; a begun one counts.
    Packages,
    /// An amount of which a share is due; the price is the share (0.01 for one per cent).
    Share,
    /// Transactions at a fixed fee each.
    Transactions,
    /// Amounts that the events bring, at a multiplier each.
    OwnAmounts,
    /// A fee for a share of a period; the quantity is the share of its days.
    Days,
    /// What a spend limit, a commitment or a correction adds or takes.
    Adjustment,
}

/// One tier of a line, or one part of a line without tiers: `amount = quantity × price + flat_fee`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RatedTier {
    /// What the quantity counts.
    pub basis: Basis,
    /// Where the tier begins: it takes what lies above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub above: Option<Decimal>,
    /// Where the tier ends, this included; none for an open tier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to: Option<Decimal>,
    /// How much fell into it.
    pub quantity: Exact,
    /// What one costs.
    pub price: Exact,
    /// What the tier costs on top.
    pub flat_fee: Exact,
    /// What it comes to.
    pub amount: Exact,
}

impl RatedTier {
    /// A part without bounds and flat fee.
    ///
    /// # Errors
    /// [`TooLarge`].
    pub fn part(basis: Basis, quantity: Exact, price: Exact) -> Result<Self, TooLarge> {
        Ok(Self {
            basis,
            above: None,
            up_to: None,
            quantity,
            price,
            flat_fee: Exact::ZERO,
            amount: quantity.times(price)?,
        })
    }

    /// An amount that is added as it is.
    #[must_use]
    pub const fn adjustment(amount: Exact) -> Self {
        Self {
            basis: Basis::Adjustment,
            above: None,
            up_to: None,
            quantity: Exact::ONE,
            price: amount,
            flat_fee: Exact::ZERO,
            amount,
        }
    }

    fn reversed(&self) -> Self {
        Self {
            quantity: self.quantity.negated(),
            flat_fee: self.flat_fee.negated(),
            amount: self.amount.negated(),
            ..self.clone()
        }
    }

    fn add(&mut self, other: &Self) -> Result<(), TooLarge> {
        self.quantity = self.quantity.plus(other.quantity)?;
        self.flat_fee = self.flat_fee.plus(other.flat_fee)?;
        self.amount = self.amount.plus(other.amount)?;
        Ok(())
    }

    fn is_of_the_same_tier(&self, other: &Self) -> bool {
        (self.basis, self.above, self.up_to, self.price)
            == (other.basis, other.above, other.up_to, other.price)
    }
}

/// What a line is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LineKind {
    /// A flat fee.
    Fee,
    /// Usage of a meter.
    Usage,
    /// What is missing up to a minimum or a commitment.
    TrueUp,
    /// What usage above a commitment costs more.
    Overage,
    /// What was billed for a time or an outcome that is not delivered.
    Credit,
    /// A difference to what an earlier line billed.
    Correction,
}

/// A line that can be printed and proved: its tiers' amounts add up to `exact`, and `amount` is `exact`, rounded
/// once. A correction is the difference of two rounded lines instead, so that all that was billed adds up to the
/// line rated in one go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RatedLine {
    /// The code of the fee or charge that it comes from.
    pub code: String,
    /// What it is for.
    pub kind: LineKind,
    /// What is metered, for a line of usage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meter: Option<String>,
    /// The unit of the quantity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Which outcomes were counted, for an outcome price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<OutcomeTerms>,
    /// The days that it bills; those of the original period for a correction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<Days>,
    /// How much was used, before anything included is taken off.
    pub quantity: Exact,
    /// How its amount came to be.
    pub tiers: Vec<RatedTier>,
    /// The amount before rounding.
    pub exact: Exact,
    /// The amount, rounded half away from zero to the currency's minor unit (ISO 4217).
    pub amount: Money,
}

impl RatedLine {
    /// A line of these tiers, rounded.
    pub(super) fn of(
        code: &str,
        kind: LineKind,
        currency: Currency,
        tiers: Vec<RatedTier>,
    ) -> Result<Self, Problem> {
        let exact = tiers
            .iter()
            .try_fold(Exact::ZERO, |sum, tier| sum.plus(tier.amount))?;
        Ok(Self {
            code: code.to_owned(),
            kind,
            meter: None,
            unit: None,
            outcome: None,
            days: None,
            quantity: Exact::ONE,
            tiers,
            exact,
            amount: rounded(exact, currency)?,
        })
    }

    /// The same line for these days.
    #[must_use]
    pub fn on(self, days: Days) -> Self {
        Self {
            days: Some(days),
            ..self
        }
    }

    /// The same line with an adjustment of so much.
    pub(super) fn and(mut self, adjustment: Decimal) -> Result<Self, TooLarge> {
        self.tiers.push(RatedTier::adjustment(adjustment.into()));
        self.exact = self.exact.plus(adjustment.into())?;
        self.amount.amount = self.amount.amount.checked_add(adjustment).ok_or(TooLarge)?;
        Ok(self)
    }

    /// This line together with what a correction of it billed: the line as all of it was billed so far.
    ///
    /// # Errors
    /// [`TooLarge`].
    pub fn with(&self, correction: &Self) -> Result<Self, TooLarge> {
        let mut tiers = self.tiers.clone();
        for tier in &correction.tiers {
            match tiers.iter_mut().find(|other| other.is_of_the_same_tier(tier)) {
                Some(other) => other.add(tier)?,
                None => tiers.push(tier.clone()),
            }
        }
        tiers.retain(|tier| !(tier.amount.is_zero() && tier.quantity.is_zero()));
        let amount = self.amount.amount.checked_add(correction.amount.amount);
        Ok(Self {
            quantity: self.quantity.plus(correction.quantity)?,
            tiers,
            exact: self.exact.plus(correction.exact)?,
            amount: Money::new(amount.ok_or(TooLarge)?, self.amount.currency),
            ..self.clone()
        })
    }

    /// The same line with nothing on it: what a line that is billed no more comes to.
    #[must_use]
    pub fn nothing(&self) -> Self {
        Self {
            quantity: Exact::ZERO,
            tiers: Vec::new(),
            exact: Exact::ZERO,
            amount: Money::new(Decimal::ZERO, self.amount.currency),
            ..self.clone()
        }
    }

    /// What this line adds to the same line as it was billed before: tiers of the same bounds and price are set
    /// off against each other, others are taken back in full and billed anew.
    ///
    /// # Errors
    /// [`TooLarge`].
    pub fn since(&self, before: &Self) -> Result<Self, TooLarge> {
        let mut tiers: Vec<RatedTier> = before.tiers.iter().map(RatedTier::reversed).collect();
        for tier in &self.tiers {
            match tiers.iter_mut().find(|other| other.is_of_the_same_tier(tier)) {
                Some(other) => other.add(tier)?,
                None => tiers.push(tier.clone()),
            }
        }
        tiers.retain(|tier| !(tier.amount.is_zero() && tier.quantity.is_zero()));
        let amount = self
            .amount
            .amount
            .checked_sub(before.amount.amount)
            .ok_or(TooLarge)?;
        Ok(Self {
            kind: LineKind::Correction,
            quantity: self.quantity.minus(before.quantity)?,
            tiers,
            exact: self.exact.minus(before.exact)?,
            amount: Money::new(amount, self.amount.currency),
            ..self.clone()
        })
    }
}

/// An amount rounded half away from zero to the currency's minor unit (ISO 4217: JPY 0, USD 2, KWD 3, CLF 4).
///
/// # Errors
/// [`TooLarge`] if the result has more than 28 digits.
pub fn rounded(exact: Exact, currency: Currency) -> Result<Money, TooLarge> {
    Ok(Money::new(exact.rounded(currency.exponent())?, currency))
}

/// The sum of rounded amounts.
///
/// # Errors
/// [`TooLarge`].
pub(super) fn total<'a>(lines: impl IntoIterator<Item = &'a RatedLine>) -> Result<Decimal, TooLarge> {
    let mut lines = lines.into_iter();
    lines.try_fold(Decimal::ZERO, |sum, line| {
        sum.checked_add(line.amount.amount).ok_or(TooLarge)
    })
}
