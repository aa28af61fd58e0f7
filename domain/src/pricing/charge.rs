//! A charge: what a meter's quantity costs in a period.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::error::{Problem, RatingError};
use super::exact::Exact;
use super::figure;
use super::line::{LineKind, RatedLine, RatedTier};
use super::model::Model;
use super::outcome::OutcomeTerms;
use super::price::Price;
use super::spend::{Commitment, true_up};
use super::usage::Usage;
use crate::kernel::Currency;

/// A meter, the model that prices it, and the bounds of what it may come to. Rated in this order: included units
/// come off, the transform counts what is left, the model prices it, the maximum caps it; the minimum and the
/// commitment follow as lines of their own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Charge {
    /// Its code, unique in a plan's version; lines are named after it.
    pub code: String,
    /// Its name on an invoice.
    pub name: String,
    /// The meter that counts.
    pub meter: String,
    /// The unit that the meter counts in.
    pub unit: String,
    /// How a quantity becomes an amount.
    pub price: Model,
    /// How many units cost nothing. They are not prorated.
    #[serde(default, with = "figure")]
    #[schemars(with = "String")]
    pub included_units: Decimal,
    /// How units are counted before they are priced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transform: Option<Transform>,
    /// What it costs at least in a whole period; prorated by day (Lago "spending minimum"), the days of a trial left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_spend: Option<Price>,
    /// What it costs at most in a whole period; prorated by day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum_spend: Option<Price>,
    /// What is committed to in a whole period; prorated by day. What is missing is not owed for the days of a trial.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commitment: Option<Commitment>,
    /// Which outcomes are billed, for an outcome price: its usage is [`OutcomeTerms::usage`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<OutcomeTerms>,
    /// What becomes of a quantity below zero.
    #[serde(default)]
    pub on_negative: OnNegative,
}

/// Counting in other units than the meter's, for instance in millions of tokens (Stripe "transform quantity",
/// OpenMeter "unit config", Kill Bill's block size).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Transform {
    /// How many of the meter's units make one.
    #[serde(default = "figure::one", with = "figure")]
    #[schemars(with = "String")]
    pub divide_by: Decimal,
    /// How many each of the meter's units counts.
    #[serde(default = "figure::one", with = "figure")]
    #[schemars(with = "String")]
    pub multiply_by: Decimal,
    /// What becomes of a begun one.
    #[serde(default)]
    pub round: RoundUnits,
}

/// What becomes of a begun unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RoundUnits {
    /// It counts in part.
    #[default]
    Exact,
    /// It counts in full.
    Up,
    /// It does not count.
    Down,
}

/// What becomes of a quantity below zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnNegative {
    /// The line is refused.
    #[default]
    Refuse,
    /// The line is a credit; for the models `standard` and `dynamic` only.
    Credit,
}

/// The terms that a line is rated under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The subscription's currency.
    pub currency: Currency,
    /// The share of the period's days in force, for what is prorated.
    pub share: Exact,
    /// The share of its days on which something is owed that was not used: those in force without the days of a trial.
    pub owed_share: Exact,
}

impl Terms {
    /// A whole period in this currency.
    #[must_use]
    pub const fn whole(currency: Currency) -> Self {
        Self {
            currency,
            share: Exact::ONE,
            owed_share: Exact::ONE,
        }
    }
}

impl Transform {
    fn count(&self, quantity: Exact) -> Result<Exact, Problem> {
        let counted = quantity
            .times(self.multiply_by.into())?
            .over(self.divide_by.into())?;
        Ok(match self.round {
            RoundUnits::Exact => counted,
            RoundUnits::Up => counted.ceiling()?,
            RoundUnits::Down => counted.floor()?,
        })
    }
}

impl Charge {
    /// A charge without included units, bounds and commitment.
    #[must_use]
    pub fn new(code: &str, meter: &str, unit: &str, price: Model) -> Self {
        Self {
            code: code.to_owned(),
            name: code.to_owned(),
            meter: meter.to_owned(),
            unit: unit.to_owned(),
            price,
            included_units: Decimal::ZERO,
            transform: None,
            minimum_spend: None,
            maximum_spend: None,
            commitment: None,
            outcome: None,
            on_negative: OnNegative::Refuse,
        }
    }

    /// The lines of a period: the usage, then what is missing up to the minimum, then what the commitment adds.
    ///
    /// # Errors
    /// [`RatingError`] names the line and what stands in the way.
    pub fn rate(&self, usage: &Usage, terms: Terms) -> Result<Vec<RatedLine>, RatingError> {
        self.try_rate(usage, terms)
            .map_err(|problem| problem.on(&self.code))
    }

    /// The line of usage, within the maximum.
    fn usage_line(&self, usage: &Usage, terms: Terms) -> Result<RatedLine, Problem> {
        if self.on_negative == OnNegative::Refuse
            && let Some(negative) = usage.negative()
        {
            return Err(Problem::NegativeQuantity(negative));
        }
        let quantity = usage.quantity()?;
        let mut tiers = self
            .price
            .price(usage, self.billable(quantity)?, terms.currency)?;
        if let Some(maximum) = &self.maximum_spend {
            let most = maximum.in_currency(terms.currency)?.times(terms.share)?;
            let exact = tiers
                .iter()
                .try_fold(Exact::ZERO, |sum, tier| sum.plus(tier.amount))?;
            if exact > most {
                tiers.push(RatedTier::adjustment(most.minus(exact)?));
            }
        }
        Ok(RatedLine {
            meter: Some(self.meter.clone()),
            unit: Some(self.unit.clone()),
            outcome: self.outcome.clone(),
            quantity,
            ..RatedLine::of(&self.code, LineKind::Usage, terms.currency, tiers)?
        })
    }

    /// What is left of a quantity to be priced.
    fn billable(&self, quantity: Exact) -> Result<Exact, Problem> {
        let included = Exact::from(self.included_units);
        let left = if included.is_zero() {
            quantity
        } else {
            quantity.minus(included)?.max(quantity.min(Exact::ZERO))
        };
        self.transform
            .as_ref()
            .map_or(Ok(left), |transform| transform.count(left))
    }

    fn try_rate(&self, usage: &Usage, terms: Terms) -> Result<Vec<RatedLine>, Problem> {
        let line = self.usage_line(usage, terms)?;
        let mut lines = vec![line];
        if let Some(minimum) = &self.minimum_spend {
            let least = minimum.in_currency(terms.currency)?.times(terms.owed_share)?;
            lines.extend(true_up(&self.code, least, &lines, terms.currency)?);
        }
        if let Some(commitment) = &self.commitment {
            lines.extend(commitment.settle(&self.code, &lines, terms)?);
        }
        Ok(lines)
    }
}
