//! What became of a lead, an opportunity or a claim, and what of it was taken back.

use domain::Money;
use jiff::Timestamp;
use rust_decimal::Decimal;

use crate::roi_journey::{JourneyRow, What};

/// What kind of outcome it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// An opportunity was won.
    Won,
    /// A payer paid a claim.
    Paid,
    /// Money came in on a claim that was given up.
    Recovered,
}

/// Money that came in.
#[derive(Clone, Debug)]
pub(super) struct Outcome<'a> {
    pub(super) row: &'a JourneyRow,
    pub(super) kind: Kind,
    pub(super) at: Timestamp,
    pub(super) value: Money,
    /// What of it was taken back.
    pub(super) back: Decimal,
    /// Where the outcome and what took it back are.
    pub(super) positions: Vec<u64>,
}

impl Outcome<'_> {
    /// What is left of it.
    pub(super) fn left(&self) -> Decimal {
        self.value.amount.saturating_sub(self.back)
    }
}

/// The money that came in by an opportunity or a claim, in the order of the log. What is taken back of a claim is what
/// came in last.
pub(super) fn outcomes(row: &JourneyRow) -> Vec<Outcome<'_>> {
    let mut found: Vec<Outcome<'_>> = Vec::new();
    for fact in &row.facts {
        let (kind, value) = match &fact.what {
            What::Won { value } => (Kind::Won, *value),
            What::Paid { amount, .. } if !amount.amount.is_zero() => (Kind::Paid, *amount),
            What::Recovered { amount } => (Kind::Recovered, *amount),
            What::Reopened => {
                take_back(&mut found, Decimal::MAX, fact.position, Some(Kind::Won));
                continue;
            }
            What::PaymentReversed { amount } => {
                take_back(&mut found, amount.amount, fact.position, None);
                continue;
            }
            _ => continue,
        };
        found.push(Outcome {
            row,
            kind,
            at: fact.at,
            value,
            back: Decimal::ZERO,
            positions: vec![fact.position],
        });
    }
    found
}

fn take_back(found: &mut [Outcome<'_>], amount: Decimal, position: u64, of: Option<Kind>) {
    let mut rest = amount;
    let meant = found
        .iter_mut()
        .rev()
        .filter(|outcome| of.is_none_or(|kind| outcome.kind == kind));
    for outcome in meant {
        let part = outcome.left().min(rest);
        if part.is_zero() {
            continue;
        }
        outcome.back += part;
        outcome.positions.push(position);
        rest -= part;
        if rest.is_zero() {
            return;
        }
    }
}
