//! Credit notes: what is given back of an invoice, with its taxes.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::error::{Problem, RatingError};
use super::exact::TooLarge;
use super::line::{RatedLine, rounded, total};
use super::tax::{RatedTax, Tax, levy};
use crate::kernel::{Currency, Money};

/// What is given back: net, taxes and both together, all above zero.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreditNote {
    /// The sum of the rounded credits without taxes.
    pub net: Money,
    /// The taxes on it at the invoice's rates.
    pub taxes: Vec<RatedTax>,
    /// Net and taxes.
    pub total: Money,
}

/// A credit note that cannot be issued.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CreditNoteError {
    /// A figure that cannot be rated.
    #[error(transparent)]
    Rating(#[from] RatingError),
    /// Nothing to give back.
    #[error("a credit note gives back an amount above zero, not {0}")]
    Nothing(Decimal),
    /// More than is left of the invoice.
    #[error(
        "the credit of {asked} is more than the {left} that is left of the invoice: ask for {left} at most"
    )]
    MoreThanLeft {
        /// What was asked for, without taxes.
        asked: Decimal,
        /// What is left of the invoice, without taxes.
        left: Decimal,
    },
}

impl CreditNote {
    /// Gives back lines of kind credit (their amounts are below zero), up to what is left of the invoice's net.
    ///
    /// # Errors
    /// [`CreditNoteError`].
    pub fn of_lines(credits: &[RatedLine], left: Money, taxes: &[Tax]) -> Result<Self, CreditNoteError> {
        let sum = total(credits).map_err(|too_large| Problem::from(too_large).on("credit note"))?;
        Self::of_amount(-sum, left, taxes)
    }

    /// Gives back an amount without taxes, up to what is left of the invoice's net. Taxes are taken of the
    /// rounded net, each rounded once; the total is their sum with the net (Lago,
    /// credit_note_rounding_spec.rb).
    ///
    /// # Errors
    /// [`CreditNoteError`].
    pub fn of_amount(net: Decimal, left: Money, taxes: &[Tax]) -> Result<Self, CreditNoteError> {
        let currency: Currency = left.currency;
        if net <= Decimal::ZERO {
            return Err(CreditNoteError::Nothing(net));
        }
        if net > left.amount {
            let left = left.amount;
            return Err(CreditNoteError::MoreThanLeft { asked: net, left });
        }
        let net = rounded(net.into(), currency).map_err(on_total)?;
        let taxes = levy(net.amount, taxes, currency)?;
        let sum = taxes
            .iter()
            .try_fold(net.amount, |sum, tax| sum.checked_add(tax.amount.amount));
        Ok(Self {
            net,
            taxes,
            total: Money::new(sum.ok_or(TooLarge).map_err(on_total)?, currency),
        })
    }
}

fn on_total(too_large: TooLarge) -> RatingError {
    Problem::from(too_large).on("credit note")
}
