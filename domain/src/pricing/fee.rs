//! Flat fees: in advance or in arrears, prorated by day on start, change and end.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::error::{Problem, RatingError};
use super::exact::Exact;
use super::line::{Basis, LineKind, RatedLine, RatedTier};
use super::period::Period;
use super::price::Price;
use crate::kernel::Currency;

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
}
