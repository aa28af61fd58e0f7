//! Why something cannot be rated.

use rust_decimal::Decimal;

use super::exact::TooLarge;
use crate::kernel::Currency;

/// What stands in the way of an amount.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// More digits than can be rated exactly.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// A price without the subscription's currency.
    #[error("there is no price in {0}: add one to the plan, or subscribe in a currency that it has")]
    NoPrice(Currency),
    /// A quantity below zero where none is allowed.
    #[error(
        "the quantity {0} is negative: correct the usage, or let the charge credit it (on_negative: credit)"
    )]
    NegativeQuantity(Decimal),
    /// Usage of another kind than the charge model rates.
    #[error("the charge model {model} needs {needs}")]
    OtherUsage {
        /// The charge model.
        model: &'static str,
        /// What it rates.
        needs: &'static str,
    },
    /// Usage for a charge that the plan lacks.
    #[error("the plan has no such charge: name one of its charges, or add it")]
    NoCharge,
    /// A line of another currency than the invoice.
    #[error("it is in {0}, but the subscription is in {1}: bill it in {1}")]
    OtherCurrency(Currency, Currency),
    /// A quantity above every tier.
    #[error("no tier takes the quantity {0}: let the last tier be open")]
    NoTier(Decimal),
}

/// A line that cannot be rated: which one, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line:?}: {problem}")]
pub struct RatingError {
    /// The line's code.
    pub line: String,
    /// Why.
    pub problem: Problem,
}

impl Problem {
    /// Says which line it stands in the way of.
    pub(super) fn on(self, line: &str) -> RatingError {
        RatingError {
            line: line.to_owned(),
            problem: self,
        }
    }
}
