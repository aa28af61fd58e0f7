//! A subscription's rules.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::credit::InvalidCredit;
use super::{Command, Event, PlanCode, SubscriptionId};
use crate::kernel::{
    BeforeBegin, Blank, Money, Negative, OtherCurrency, aggregate, not_before, not_blank, not_negative,
    same_currency,
};
use crate::pricing::{InvalidPlan, Tax};
use crate::tenant::NotOpen;

/// A subscription's state, as far as its rules need it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Subscription {
    started: Option<Started>,
    standing: Standing,
    coupons: BTreeSet<String>,
    credits: BTreeSet<String>,
    taxes: Vec<Tax>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Started {
    plan: PlanCode,
    price: Money,
    at: Timestamp,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Standing {
    #[default]
    Active,
    PastDue,
    Paused,
    Canceled,
}

/// Why a subscription's command was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error, strum::IntoStaticStr)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Refusal {
    /// Its id is taken.
    #[error("this subscription was started before")]
    AlreadyStarted,
    /// Nobody started it.
    #[error("there is no such subscription")]
    NotFound,
    /// It has ended.
    #[error("the subscription was canceled")]
    Canceled,
    /// It rests already.
    #[error("the subscription is paused already")]
    AlreadyPaused,
    /// Only a paused subscription can be resumed.
    #[error("the subscription is not paused")]
    NotPaused,
    /// It is past due already.
    #[error("the subscription is past due already")]
    AlreadyPastDue,
    /// Nothing is overdue.
    #[error("the subscription is not past due")]
    NotPastDue,
    /// Plan and price are those in force.
    #[error("what is asked for is as it was before")]
    NothingNew,
    /// A coupon is applied once.
    #[error("coupon: the coupon {0} was applied before")]
    CouponTaken(String),
    /// A grant's id comes once.
    #[error("credit: there is a grant {0} already: give this one another id")]
    CreditTaken(String),
    /// Credit that can't be.
    #[error("credit: {0}")]
    InvalidCredit(#[from] InvalidCredit),
    /// Two taxes of one code.
    #[error("taxes: the tax {0} is named twice")]
    TaxTwice(String),
    /// A coupon or a tax that can't be.
    #[error(transparent)]
    InvalidTerms(#[from] InvalidPlan),
    /// An amount of another currency than the price.
    #[error(transparent)]
    OtherCurrency(#[from] OtherCurrency),
    /// A payment or an end before the start.
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

aggregate!(Subscription, "subscription", SubscriptionId);

impl Subscription {
    /// Refuses the command, or lists what happens.
    fn decide(&self, command: Command, at: Timestamp) -> Result<Vec<Event>, Refusal> {
        let event = match command {
            Command::Start {
                plan,
                price,
                customer,
            } => {
                if self.started.is_some() {
                    return Err(Refusal::AlreadyStarted);
                }
                not_negative("price", price)?;
                Event::Started {
                    plan,
                    price,
                    customer,
                    started_at: at,
                }
            }
            Command::ChangePlan { plan, price } => {
                let before = self.running()?;
                not_before(before.at, at)?;
                not_negative("price", price)?;
                same_currency("price", price, before.price.currency)?;
                if (&before.plan, before.price) == (&plan, price) {
                    return Err(Refusal::NothingNew);
                }
                Event::PlanChanged {
                    plan,
                    price,
                    previous_plan: before.plan,
                    previous_price: before.price,
                }
            }
            Command::RenewPlan => {
                let before = self.running()?;
                not_before(before.at, at)?;
                Event::PlanChanged {
                    plan: before.plan.clone(),
                    price: before.price,
                    previous_plan: before.plan,
                    previous_price: before.price,
                }
            }
            Command::Pause { reason } => {
                let Started { plan, price, .. } = self.running()?;
                not_blank("reason", &reason)?;
                if self.standing == Standing::Paused {
                    return Err(Refusal::AlreadyPaused);
                }
                Event::Paused { reason, plan, price }
            }
            Command::Resume => {
                let Started { plan, price, .. } = self.running()?;
                if self.standing != Standing::Paused {
                    return Err(Refusal::NotPaused);
                }
                Event::Resumed { plan, price }
            }
            Command::MarkPastDue => {
                let Started { plan, price, .. } = self.running()?;
                if self.standing == Standing::PastDue {
                    return Err(Refusal::AlreadyPastDue);
                }
                Event::BecamePastDue { plan, price }
            }
            Command::MarkCurrent => {
                let Started { plan, price, .. } = self.running()?;
                if self.standing != Standing::PastDue {
                    return Err(Refusal::NotPastDue);
                }
                Event::BecameCurrent { plan, price }
            }
            Command::Cancel { reason } => {
                let started = self.running()?;
                not_blank("reason", &reason)?;
                not_before(started.at, at)?;
                Event::Canceled {
                    reason,
                    plan: started.plan,
                    price: started.price,
                    started_at: started.at,
                }
            }
            Command::ApplyCoupon { coupon } => {
                let Started { plan, .. } = self.running()?;
                coupon.check()?;
                if self.coupons.contains(&coupon.code) {
                    return Err(Refusal::CouponTaken(coupon.code));
                }
                Event::CouponApplied { coupon, plan }
            }
            Command::GrantCredit { credit } => {
                let Started { plan, price, .. } = self.running()?;
                same_currency("amount", credit.amount, price.currency)?;
                credit.check(at)?;
                if self.credits.contains(&credit.id) {
                    return Err(Refusal::CreditTaken(credit.id));
                }
                Event::CreditGranted { credit, plan }
            }
            Command::SetTaxes { taxes } => {
                self.running()?;
                let mut codes = BTreeSet::new();
                for tax in &taxes {
                    tax.check()?;
                    if !codes.insert(&tax.code) {
                        return Err(Refusal::TaxTwice(tax.code.clone()));
                    }
                }
                if taxes == self.taxes {
                    return Err(Refusal::NothingNew);
                }
                Event::TaxesSet {
                    taxes,
                    previous: self.taxes.clone(),
                }
            }
            Command::ReceivePayment { amount, invoice } => Event::PaymentReceived {
                plan: self.payable(amount, at)?,
                amount,
                invoice,
            },
            Command::FailPayment {
                amount,
                reason,
                invoice,
            } => {
                let plan = self.payable(amount, at)?;
                not_blank("reason", &reason)?;
                Event::PaymentFailed {
                    amount,
                    reason,
                    invoice,
                    plan,
                }
            }
            Command::DisputePayment {
                dispute,
                amount,
                reason,
            } => {
                let plan = self.payable(amount, at)?;
                not_blank("dispute", &dispute)?;
                not_blank("reason", &reason)?;
                Event::PaymentDisputed {
                    dispute,
                    amount,
                    reason,
                    plan,
                }
            }
            Command::CloseDispute {
                dispute,
                outcome,
                amount,
            } => {
                let plan = self.payable(amount, at)?;
                not_blank("dispute", &dispute)?;
                not_blank("outcome", &outcome)?;
                Event::DisputeClosed {
                    dispute,
                    outcome,
                    amount,
                    plan,
                }
            }
        };
        Ok(vec![event])
    }

    fn started(&self) -> Result<Started, Refusal> {
        self.started.clone().ok_or(Refusal::NotFound)
    }

    fn running(&self) -> Result<Started, Refusal> {
        let started = self.started()?;
        match self.standing {
            Standing::Active | Standing::PastDue | Standing::Paused => Ok(started),
            Standing::Canceled => Err(Refusal::Canceled),
        }
    }

    /// The plan that an amount is for. Payments may come late, so a cancellation does not refuse them.
    fn payable(&self, amount: Money, at: Timestamp) -> Result<PlanCode, Refusal> {
        let started = self.started()?;
        not_negative("amount", amount)?;
        same_currency("amount", amount, started.price.currency)?;
        not_before(started.at, at)?;
        Ok(started.plan)
    }

    /// Takes in what happened.
    fn evolve(&mut self, event: Event) {
        match event {
            Event::Started {
                plan,
                price,
                started_at,
                ..
            } => {
                self.started = Some(Started {
                    plan,
                    price,
                    at: started_at,
                });
            }
            Event::PlanChanged { plan, price, .. } => {
                if let Some(started) = &mut self.started {
                    started.plan = plan;
                    started.price = price;
                }
            }
            Event::Paused { .. } => self.standing = Standing::Paused,
            Event::BecamePastDue { .. } => self.standing = Standing::PastDue,
            Event::Resumed { .. } | Event::BecameCurrent { .. } => self.standing = Standing::Active,
            Event::Canceled { .. } => self.standing = Standing::Canceled,
            Event::CouponApplied { coupon, .. } => {
                self.coupons.insert(coupon.code);
            }
            Event::CreditGranted { credit, .. } => {
                self.credits.insert(credit.id);
            }
            Event::TaxesSet { taxes, .. } => self.taxes = taxes,
            Event::PaymentReceived { .. }
            | Event::PaymentFailed { .. }
            | Event::PaymentDisputed { .. }
            | Event::DisputeClosed { .. } => {}
        }
    }
}
