//! Credit notes: what is given back of an invoice, with its taxes.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::error::{Problem, RatingError};
use super::exact::{Exact, TooLarge};
use super::invoice::DraftInvoice;
use super::line::rounded;
use super::roi::share_of;
use super::tax::RatedTax;
use crate::kernel::Money;

/// What is given back: net, taxes and both together, all above zero.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
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

/// A part of an invoice that is given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvoicedPart {
    /// How much of the invoice's lines, before coupons and taxes.
    pub amount: Decimal,
    /// How much of them was given back before.
    pub before: Decimal,
}

impl CreditNote {
    /// Gives back a part of an invoice: what its lines billed, less the same share of its coupons, with its taxes
    /// (Lago "coupons adjustment"). Taxes of the whole are taken of the rounded net, each rounded once; the total is
    /// their sum with the net (Lago, credit_note_rounding_spec.rb). Each credit note is what all of them come to now less what they came to
    /// before, so that an invoice given back in parts is given back to the cent.
    ///
    /// # Errors
    /// [`CreditNoteError`].
    pub fn of_invoice(invoice: &DraftInvoice, part: InvoicedPart) -> Result<Self, CreditNoteError> {
        let (amount, before) = (part.amount, part.before.max(Decimal::ZERO));
        if amount <= Decimal::ZERO {
            return Err(CreditNoteError::Nothing(amount));
        }
        let left = invoice.subtotal.saturating_sub(before);
        if amount > left {
            return Err(CreditNoteError::MoreThanLeft { asked: amount, left });
        }
        let so_far = Returned::of(invoice, before).map_err(on_total)?;
        let after = Returned::of(invoice, before + amount).map_err(on_total)?;
        let taxes = after
            .taxes
            .iter()
            .zip(&so_far.taxes)
            .map(|(after, before)| RatedTax {
                base: Money::new(after.base.amount - before.base.amount, invoice.currency),
                amount: Money::new(after.amount.amount - before.amount.amount, invoice.currency),
                ..after.clone()
            });
        let net = after.net - so_far.net;
        let taxes: Vec<RatedTax> = taxes.collect();
        let total = taxes.iter().fold(net, |sum, tax| sum + tax.amount.amount);
        Ok(Self {
            net: Money::new(net, invoice.currency),
            taxes,
            total: Money::new(total, invoice.currency),
        })
    }
}

/// What all credit notes of an invoice come to, once so much of its lines is given back.
struct Returned {
    net: Decimal,
    taxes: Vec<RatedTax>,
}

impl Returned {
    fn of(invoice: &DraftInvoice, amount: Decimal) -> Result<Self, TooLarge> {
        let currency = invoice.currency;
        let billed = Exact::from(invoice.subtotal).minus(invoice.discount.into())?;
        let share = share_of(amount.into(), invoice.subtotal.into())?.unwrap_or(Exact::ZERO);
        let net = rounded(billed.times(share)?, currency)?;
        let taxes = invoice.taxes.iter().map(|tax| {
            let rate = Exact::from(tax.rate_percent);
            let is_of_all = Exact::from(tax.base.amount) == billed
                && rounded(rate.percent_of(billed)?, currency)? == tax.amount;
            // A tax of a part of the invoice, or a difference to what was billed before, is no rate of the net.
            let (base, exact) = if is_of_all {
                (net, rate.percent_of(net.amount.into())?)
            } else {
                let base = Exact::from(tax.base.amount).times(share)?;
                let exact = Exact::from(tax.amount.amount).times(share)?;
                (rounded(base, currency)?, exact)
            };
            Ok(RatedTax {
                base,
                exact,
                amount: rounded(exact, currency)?,
                ..tax.clone()
            })
        });
        Ok(Self {
            net: net.amount,
            taxes: taxes.collect::<Result<_, TooLarge>>()?,
        })
    }
}

fn on_total(too_large: TooLarge) -> RatingError {
    Problem::from(too_large).on("credit note")
}
