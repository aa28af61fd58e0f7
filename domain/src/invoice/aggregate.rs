//! An invoice's rules.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{Bill, Command, Event, InvoiceId, LineDifference};
use crate::kernel::{Blank, Money, OtherCurrency, aggregate, not_blank, same_currency};
use crate::pricing::{CreditNote, CreditNoteError, CreditPart, InvoicedPart};
use crate::tenant::NotOpen;

/// An invoice's state, as far as its rules need it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Invoice {
    bill: Option<Box<Bill>>,
    standing: Standing,
    paid: Decimal,
    /// What was given back of the lines, in all and by line.
    credited: Decimal,
    credited_lines: BTreeMap<u32, Decimal>,
    /// What was given back with taxes, in all and to prepaid credits.
    given_back: Decimal,
    returned: BTreeMap<String, Decimal>,
    credit_notes: u32,
    disputed: BTreeMap<u32, Dispute>,
    difference: Option<(Money, Vec<LineDifference>)>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Standing {
    #[default]
    Issued,
    Void,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Dispute {
    Open,
    Settled,
}

/// Why an invoice's command was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error, strum::IntoStaticStr)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Refusal {
    /// Its number is taken.
    #[error("an invoice was issued under this number before")]
    AlreadyIssued,
    /// Nobody issued it.
    #[error("there is no such invoice")]
    NotFound,
    /// Its sums are not those of its lines.
    #[error("the bill's sums are not those of its lines")]
    DoesNotAddUp,
    /// It counts no more.
    #[error("the invoice is void")]
    Void,
    /// Money came in, or was given back.
    #[error("the invoice was paid or credited in part: give back the rest by a credit note")]
    NotUntouched,
    /// More than is left.
    #[error("amount: {asked} is more than the {left} that is left to be paid")]
    MoreThanLeft {
        /// What came in.
        asked: Money,
        /// What is left.
        left: Money,
    },
    /// Nothing, or less.
    #[error("amount: {0} is not above zero")]
    NotPositive(Money),
    /// More digits than the currency has.
    #[error("amount: {0} has more decimal places than its currency")]
    TooFine(Money),
    /// More than the line has left.
    #[error("amount: {asked} is more than the {left} that is left of line {line}")]
    MoreThanLine {
        /// Its place.
        line: u32,
        /// What was asked for.
        asked: Money,
        /// What is left of it.
        left: Money,
    },
    /// It has no such line.
    #[error("line: the invoice has no line {0}")]
    NoLine(u32),
    /// A line is disputed once.
    #[error("line: line {0} was disputed before")]
    AlreadyDisputed(u32),
    /// No dispute of the line is open.
    #[error("line: no dispute of line {0} is open")]
    NotDisputed(u32),
    /// The same was reported before.
    #[error("this difference was reported before")]
    AlreadyReported,
    /// What can't be given back.
    #[error("amount: {0}")]
    CreditNote(#[from] CreditNoteError),
    /// An amount of another currency than the invoice.
    #[error(transparent)]
    OtherCurrency(#[from] OtherCurrency),
    /// A text that must say something.
    #[error(transparent)]
    Blank(#[from] Blank),
    /// The tenant does not admit commands.
    #[error(transparent)]
    #[strum(serialize = "TENANT_NOT_OPEN")]
    Tenant(#[from] NotOpen),
}

aggregate!(Invoice, "invoice", InvoiceId);

impl Invoice {
    /// Refuses the command, or lists what happens.
    fn decide(&self, command: Command, _at: Timestamp) -> Result<Vec<Event>, Refusal> {
        if let Command::Issue { bill } = command {
            if self.bill.is_some() {
                return Err(Refusal::AlreadyIssued);
            }
            if !bill.adds_up() {
                return Err(Refusal::DoesNotAddUp);
            }
            return Ok(vec![Event::Issued { bill }]);
        }
        let bill = self.bill.as_ref().ok_or(Refusal::NotFound)?;
        if self.standing == Standing::Void {
            return Err(Refusal::Void);
        }
        match command {
            Command::Issue { .. } => Err(Refusal::AlreadyIssued),
            Command::ReceivePayment { amount, reference } => {
                same_currency("amount", amount, bill.currency)?;
                positive(amount)?;
                let left = self.left(bill);
                if amount.amount > left.amount {
                    return Err(Refusal::MoreThanLeft { asked: amount, left });
                }
                Ok(vec![Event::PaymentReceived {
                    amount,
                    left: Money::new(left.amount - amount.amount, bill.currency),
                    reference,
                    subscription: bill.subscription.clone(),
                }])
            }
            Command::Void { reason } => {
                not_blank("reason", &reason)?;
                if !self.paid.is_zero() || !self.credited.is_zero() {
                    return Err(Refusal::NotUntouched);
                }
                Ok(vec![Event::Voided {
                    reason,
                    total: bill.total(),
                    subscription: bill.subscription.clone(),
                }])
            }
            Command::Credit { line, amount, reason } => {
                Ok(vec![self.credit(bill, (line, amount), reason)?])
            }
            Command::DisputeLine { line, reason } => {
                not_blank("reason", &reason)?;
                let disputed = bill.line(line).ok_or(Refusal::NoLine(line))?;
                if self.disputed.contains_key(&line) {
                    return Err(Refusal::AlreadyDisputed(line));
                }
                Ok(vec![Event::LineDisputed {
                    line,
                    code: disputed.rated.code.clone(),
                    amount: disputed.rated.amount,
                    reason,
                }])
            }
            Command::SettleDispute { line, credit, reason } => {
                not_blank("reason", &reason)?;
                if self.disputed.get(&line) != Some(&Dispute::Open) {
                    return Err(Refusal::NotDisputed(line));
                }
                let credited = credit
                    .map(|amount| self.credit(bill, (Some(line), amount), reason.clone()))
                    .transpose()?;
                let settled = Event::DisputeSettled {
                    line,
                    credit_note: credited.is_some().then_some(self.credit_notes + 1),
                    reason,
                };
                Ok(credited.into_iter().chain([settled]).collect())
            }
            Command::ReportDifference { folded, lines } => {
                if self.difference == Some((folded, lines.clone())) {
                    return Err(Refusal::AlreadyReported);
                }
                Ok(vec![Event::DifferenceFound {
                    issued: bill.total(),
                    folded,
                    lines,
                    counted_up_to: bill.counted_up_to,
                }])
            }
        }
    }

    /// What is left to be paid.
    fn left(&self, bill: &Bill) -> Money {
        let returned: Decimal = self.returned.values().sum();
        let left = bill.due - self.paid - (self.given_back - returned);
        Money::new(left.max(Decimal::ZERO), bill.currency)
    }

    /// What of an amount goes back to prepaid credits, the last drawn first.
    fn returns(&self, bill: &Bill, mut amount: Decimal) -> Vec<CreditPart> {
        let mut parts = Vec::new();
        for drawn in bill.credits.iter().rev() {
            let before = self.returned.get(&drawn.grant).copied().unwrap_or_default();
            let part = amount.min(drawn.amount - before);
            if part > Decimal::ZERO {
                amount -= part;
                parts.push(CreditPart {
                    grant: drawn.grant.clone(),
                    amount: part,
                });
            }
        }
        parts
    }

    fn credit(
        &self,
        bill: &Bill,
        (line, amount): (Option<u32>, Money),
        reason: String,
    ) -> Result<Event, Refusal> {
        not_blank("reason", &reason)?;
        same_currency("amount", amount, bill.currency)?;
        positive(amount)?;
        if let Some(place) = line {
            let billed = bill
                .line(place)
                .ok_or(Refusal::NoLine(place))?
                .rated
                .amount
                .amount;
            let before = self.credited_lines.get(&place).copied().unwrap_or_default();
            let left = Money::new((billed - before).max(Decimal::ZERO), bill.currency);
            if amount.amount > left.amount {
                return Err(Refusal::MoreThanLine {
                    line: place,
                    asked: amount,
                    left,
                });
            }
        }
        let part = InvoicedPart {
            amount: amount.amount,
            before: self.credited,
        };
        let note = CreditNote::of_invoice(&bill.draft(), part)?;
        let left = self.left(bill).amount;
        let beyond = (note.total.amount - left).max(Decimal::ZERO);
        Ok(Event::Credited {
            number: self.credit_notes + 1,
            line,
            amount,
            credits: self.returns(bill, beyond),
            left: Money::new((left - note.total.amount).max(Decimal::ZERO), bill.currency),
            note,
            reason,
            subscription: bill.subscription.clone(),
        })
    }

    /// Takes in what happened.
    fn evolve(&mut self, event: Event) {
        match event {
            Event::Issued { bill } => self.bill = Some(bill),
            Event::PaymentReceived { amount, .. } => self.paid += amount.amount,
            Event::Voided { .. } => self.standing = Standing::Void,
            Event::Credited {
                number,
                line,
                amount,
                note,
                credits,
                ..
            } => {
                self.credit_notes = number;
                for part in credits {
                    *self.returned.entry(part.grant).or_default() += part.amount;
                }
                self.credited += amount.amount;
                self.given_back += note.total.amount;
                if let Some(line) = line {
                    *self.credited_lines.entry(line).or_default() += amount.amount;
                }
            }
            Event::LineDisputed { line, .. } => {
                self.disputed.insert(line, Dispute::Open);
            }
            Event::DisputeSettled { line, .. } => {
                self.disputed.insert(line, Dispute::Settled);
            }
            Event::DifferenceFound { folded, lines, .. } => self.difference = Some((folded, lines)),
        }
    }
}

fn positive(amount: Money) -> Result<(), Refusal> {
    if amount.amount <= Decimal::ZERO {
        Err(Refusal::NotPositive(amount))
    } else if amount.amount.normalize().scale() > amount.currency.exponent() {
        Err(Refusal::TooFine(amount))
    } else {
        Ok(())
    }
}
