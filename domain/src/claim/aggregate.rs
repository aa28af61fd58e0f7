//! A claim's rules.

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{ClaimId, Command, Determination, Event};
use crate::kernel::{
    BeforeBegin, Blank, Money, Negative, OtherCurrency, Vertical, aggregate, not_before, not_blank,
    not_negative, same_currency,
};
use crate::tenant::NotOpen;

/// A claim's state, as far as its rules need it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    submitted: Option<Submitted>,
    standing: Standing,
    /// What came in and was not taken back.
    #[serde(default)]
    received: Decimal,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Submitted {
    vertical: Vertical,
    billed: Money,
    at: Timestamp,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Standing {
    #[default]
    Undecided,
    Adjudicated,
    Denied,
    Appealed,
}

/// Why a claim's command was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error, strum::IntoStaticStr)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Refusal {
    /// Its id is taken.
    #[error("this claim was submitted before")]
    AlreadySubmitted,
    /// Nobody submitted it.
    #[error("there is no such claim")]
    NotFound,
    /// The payer has decided, and nobody appealed.
    #[error("the claim is decided: it was {0}")]
    AlreadyDecided(&'static str),
    /// Only what was denied can be appealed.
    #[error("the claim is not denied, so there is nothing to appeal")]
    NotDenied,
    /// Nothing can be recovered before the payer has decided.
    #[error("the claim is not decided yet, so there is nothing to recover")]
    NotDecided,
    /// An amount over the one that bounds it.
    #[error("{field}: {amount} is more than the {limit} that was {bound}")]
    TooMuch {
        /// The field that holds it.
        field: &'static str,
        /// What it holds.
        amount: Money,
        /// The most it may hold.
        limit: Money,
        /// What the limit is.
        bound: &'static str,
    },
    /// An amount of another currency than the billed one.
    #[error(transparent)]
    OtherCurrency(#[from] OtherCurrency),
    /// A decision before the submission.
    #[error(transparent)]
    BeforeBegin(#[from] BeforeBegin),
    /// An amount below zero.
    #[error(transparent)]
    Negative(#[from] Negative),
    /// A text that must say something.
    #[error(transparent)]
    Blank(#[from] Blank),
    /// The tenant does not admit commands.
    #[error(transparent)]
    #[strum(serialize = "TENANT_NOT_OPEN")]
    Tenant(#[from] NotOpen),
}

aggregate!(Claim, "claim", ClaimId);

impl Claim {
    /// Refuses the command, or lists what happens.
    fn decide(&self, command: Command, at: Timestamp) -> Result<Vec<Event>, Refusal> {
        let event = match command {
            Command::Submit {
                vertical,
                payer,
                billed,
                service_date,
                patient,
            } => {
                if self.submitted.is_some() {
                    return Err(Refusal::AlreadySubmitted);
                }
                not_blank("payer", &payer)?;
                not_negative("billed", billed)?;
                Event::Submitted {
                    vertical,
                    payer,
                    billed,
                    service_date,
                    patient,
                    submitted_at: at,
                }
            }
            Command::Adjudicate {
                allowed,
                paid,
                reason_codes,
            } => {
                let submitted = self.awaiting_decision(at)?;
                let billed = submitted.billed;
                amount_of("allowed", allowed, billed)?;
                amount_of("paid", paid, billed)?;
                at_most("allowed", allowed, billed, "billed")?;
                at_most("paid", paid, allowed, "allowed")?;
                codes(&reason_codes)?;
                Event::Adjudicated {
                    vertical: submitted.vertical,
                    billed,
                    allowed,
                    paid,
                    reason_codes,
                    determination: self.determination(),
                    submitted_at: submitted.at,
                }
            }
            Command::Deny { reason_codes, reason } => {
                let submitted = self.awaiting_decision(at)?;
                codes(&reason_codes)?;
                not_blank("reason", &reason)?;
                Event::Denied {
                    vertical: submitted.vertical,
                    billed: submitted.billed,
                    reason_codes,
                    reason,
                    determination: self.determination(),
                    submitted_at: submitted.at,
                }
            }
            Command::Appeal { reason } => {
                let submitted = self.submitted()?;
                if self.standing != Standing::Denied {
                    return Err(Refusal::NotDenied);
                }
                not_blank("reason", &reason)?;
                Event::Appealed {
                    vertical: submitted.vertical,
                    billed: submitted.billed,
                    reason,
                    submitted_at: submitted.at,
                }
            }
            Command::Recover { amount } => {
                let submitted = self.submitted()?;
                if self.standing == Standing::Undecided {
                    return Err(Refusal::NotDecided);
                }
                amount_of("amount", amount, submitted.billed)?;
                Event::Recovered {
                    vertical: submitted.vertical,
                    billed: submitted.billed,
                    amount,
                    submitted_at: submitted.at,
                }
            }
            Command::ReversePayment { amount, reason } => {
                let submitted = self.submitted()?;
                amount_of("amount", amount, submitted.billed)?;
                let received = Money::new(self.received, submitted.billed.currency);
                at_most("amount", amount, received, "received")?;
                not_blank("reason", &reason)?;
                not_before(submitted.at, at)?;
                Event::PaymentReversed {
                    vertical: submitted.vertical,
                    billed: submitted.billed,
                    amount,
                    reason,
                    submitted_at: submitted.at,
                }
            }
        };
        Ok(vec![event])
    }

    fn submitted(&self) -> Result<Submitted, Refusal> {
        self.submitted.clone().ok_or(Refusal::NotFound)
    }

    fn awaiting_decision(&self, at: Timestamp) -> Result<Submitted, Refusal> {
        let submitted = self.submitted()?;
        match self.standing {
            Standing::Undecided | Standing::Appealed => {
                not_before(submitted.at, at)?;
                Ok(submitted)
            }
            Standing::Adjudicated => Err(Refusal::AlreadyDecided("adjudicated")),
            Standing::Denied => Err(Refusal::AlreadyDecided("denied")),
        }
    }

    /// Which decision comes next.
    fn determination(&self) -> Determination {
        match self.standing {
            Standing::Undecided => Determination::Initial,
            Standing::Adjudicated | Standing::Denied | Standing::Appealed => Determination::OnAppeal,
        }
    }

    /// Takes in what happened.
    fn evolve(&mut self, event: Event) {
        match event {
            Event::Submitted {
                vertical,
                billed,
                submitted_at,
                ..
            } => {
                self.submitted = Some(Submitted {
                    vertical,
                    billed,
                    at: submitted_at,
                });
            }
            Event::Adjudicated { paid, .. } => {
                self.standing = Standing::Adjudicated;
                self.received = self.received.saturating_add(paid.amount);
            }
            Event::Denied { .. } => self.standing = Standing::Denied,
            Event::Appealed { .. } => self.standing = Standing::Appealed,
            Event::Recovered { amount, .. } => self.received = self.received.saturating_add(amount.amount),
            Event::PaymentReversed { amount, .. } => {
                self.received = self.received.saturating_sub(amount.amount);
            }
        }
    }
}

fn amount_of(field: &'static str, amount: Money, billed: Money) -> Result<(), Refusal> {
    not_negative(field, amount)?;
    Ok(same_currency(field, amount, billed.currency)?)
}

fn at_most(field: &'static str, amount: Money, limit: Money, bound: &'static str) -> Result<(), Refusal> {
    if amount.amount > limit.amount {
        return Err(Refusal::TooMuch {
            field,
            amount,
            limit,
            bound,
        });
    }
    Ok(())
}

fn codes(reason_codes: &[String]) -> Result<(), Blank> {
    reason_codes
        .iter()
        .try_for_each(|code| not_blank("reason_codes", code))
}
