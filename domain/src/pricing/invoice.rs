//! An invoice before it is issued: lines, coupons, taxes, and what credits pay of it.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::agreement::{Part, Then};
use super::charge::Terms;
use super::coupon::RatedCoupon;
use super::credits::{CreditLedger, CreditPart, LedgerError};
use super::deducted::Deducted;
use super::error::{Problem, RatingError};
use super::exact::TooLarge;
use super::fee::{Days, Due, FlatFee};
use super::line::RatedLine;
use super::period::Period;
use super::plan_changes::OldFees;
use super::spend::true_up;
use super::tax::RatedTax;
use super::usage::Usage;
use crate::kernel::{Currency, Money};

/// What an invoice is made of.
#[derive(Clone, Debug)]
pub struct InvoiceRequest {
    /// The subscription's currency.
    pub currency: Currency,
    /// The subscription's first day, from which a trial counts.
    pub starts_on: Date,
    /// The plans of the period that ends, each with its days: their usage and their fees in arrears are billed.
    pub ended: Vec<Ended>,
    /// The plans of the period that begins: their fees in advance are billed.
    pub begun: Vec<Part>,
}

/// A plan of the period that ends, and what was used on its days.
#[derive(Clone, Debug)]
pub struct Ended {
    /// The plan and its days.
    pub part: Part,
    /// What was used on these days, by the charge's code.
    pub usage: BTreeMap<String, Usage>,
}

/// A period, and the days of it on which the plan is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InForce {
    /// The whole period.
    pub period: Period,
    /// The days in force.
    pub days: Days,
}

impl InForce {
    /// All days of a period.
    #[must_use]
    pub fn whole(period: Period) -> Self {
        let days = Days {
            from: period.first_day,
            until: period.end_day,
        };
        Self { period, days }
    }

    /// The same without the days of a trial.
    fn paid(&self, starts_on: Date, trial_days: u16) -> Days {
        let trial_ends = starts_on.saturating_add(Span::new().days(i64::from(trial_days)));
        Days {
            from: self.days.from.max(trial_ends),
            until: self.days.until,
        }
    }
}

/// An invoice before it is issued. Every sum is one of rounded amounts:
/// `total = subtotal - discount + tax`, `due = total - credits_drawn`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DraftInvoice {
    /// The currency of all its amounts.
    pub currency: Currency,
    /// Fees, usage, true-ups, overage, credits and corrections.
    pub lines: Vec<RatedLine>,
    /// The sum of the lines.
    pub subtotal: Decimal,
    /// What coupons took off.
    pub coupons: Vec<RatedCoupon>,
    /// The sum of the coupons.
    pub discount: Decimal,
    /// The taxes of the subtotal less the discount.
    pub taxes: Vec<RatedTax>,
    /// The sum of the taxes.
    pub tax: Decimal,
    /// What it comes to; below zero if it gives back more than it bills.
    pub total: Decimal,
    /// What prepaid credits paid, by grant, in the order in which they were drawn.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub credits: Vec<CreditPart>,
    /// The sum of the credits.
    pub credits_drawn: Decimal,
    /// What is left to pay; never below zero.
    pub due: Decimal,
    /// What the customer gets back: the total's other side, if it is below zero.
    pub owed_to_customer: Decimal,
}

/// Rates the lines of an invoice, in this order: for each plan of the period that ends its fees in arrears and usage, the
/// commitment over its usage, then the minimum over all its fees and usage; fees in advance of the period that
/// begins. Coupons and taxes follow ([`Settlement::settle`](super::Settlement::settle)), then what was billed of the period
/// before comes off ([`added`](super::added)), and prepaid credits pay ([`DraftInvoice::draw`]).
///
/// # Errors
/// [`RatingError`] names the line and what stands in the way.
pub fn rate_invoice(request: &InvoiceRequest) -> Result<DraftInvoice, RatingError> {
    let mut lines = Vec::new();
    for ended in &request.ended {
        lines.extend(request.arrears(ended)?);
    }
    for begun in &request.begun {
        lines.extend(request.fees(begun, Some(Due::InAdvance))?);
    }
    DraftInvoice::of(request.currency, lines, Deducted::default())
}

fn sum(amounts: impl IntoIterator<Item = Decimal>) -> Result<Decimal, RatingError> {
    let sum = amounts
        .into_iter()
        .try_fold(Decimal::ZERO, |sum, amount| sum.checked_add(amount));
    sum.ok_or_else(|| Problem::from(TooLarge).on("total"))
}

impl InvoiceRequest {
    fn fees(&self, part: &Part, due: Option<Due>) -> Result<Vec<RatedLine>, RatingError> {
        let Part { plan, in_force, then } = part;
        let paid = in_force.paid(self.starts_on, plan.trial_days);
        let gives_way = *then == Then::Another && plan.changes.old_fees == OldFees::CreditInvoiced;
        let fees = plan
            .fees
            .iter()
            .filter(|fee| due.is_none_or(|due| fee.due == due));
        let line = |fee: &FlatFee| {
            let line = fee.line(&in_force.period, paid, self.currency)?;
            let is_credited = gives_way && fee.due == Due::InAdvance;
            Ok(if is_credited { line.nothing() } else { line })
        };
        fees.map(line).collect()
    }

    fn arrears(&self, ended: &Ended) -> Result<Vec<RatedLine>, RatingError> {
        let Ended { part, usage } = ended;
        let Part { plan, in_force, .. } = part;
        let known = |code: &&String| plan.charges.iter().any(|charge| charge.code == **code);
        if let Some(code) = usage.keys().find(|code| !known(code)) {
            return Err(Problem::NoCharge.on(code));
        }
        let share = |days: Days| {
            let share = in_force.period.share(days.from, days.until);
            share.map_err(|too_large| Problem::from(too_large).on("period"))
        };
        let terms = Terms {
            currency: self.currency,
            share: share(in_force.days)?,
            owed_share: share(in_force.paid(self.starts_on, plan.trial_days))?,
        };
        let mut charged = Vec::new();
        for charge in &plan.charges {
            let usage = usage.get(&charge.code).cloned();
            charged.extend(charge.rate(&usage.unwrap_or_else(|| charge.price.nothing_used()), terms)?);
        }
        if let Some(commitment) = &plan.commitment {
            let line = commitment.settle("commitment", &charged, terms);
            charged.extend(line.map_err(|problem| problem.on("commitment"))?);
        }
        if let Some(minimum) = &plan.minimum_spend {
            let mut covered = self.fees(part, None)?;
            covered.extend(charged.iter().cloned());
            let line = minimum.in_currency(self.currency).and_then(|minimum| {
                let least = minimum.times(terms.owed_share)?;
                true_up("minimum_spend", least, &covered, self.currency)
            });
            charged.extend(line.map_err(|problem| problem.on("minimum_spend"))?);
        }
        let mut lines = self.fees(part, Some(Due::InArrears))?;
        lines.extend(charged.into_iter().map(|line| line.on(in_force.days)));
        Ok(lines)
    }
}

impl DraftInvoice {
    /// An invoice of lines, coupons and taxes that are rated. Nothing is drawn of prepaid credits yet.
    ///
    /// # Errors
    /// [`RatingError`] when its sums are too large.
    pub fn of(currency: Currency, lines: Vec<RatedLine>, deducted: Deducted) -> Result<Self, RatingError> {
        let Deducted { coupons, taxes } = deducted;
        let subtotal = sum(lines.iter().map(|line| line.amount.amount))?;
        let discount = sum(coupons.iter().map(|coupon| coupon.amount.amount))?;
        let tax = sum(taxes.iter().map(|tax| tax.amount.amount))?;
        let total = sum([subtotal, -discount, tax])?;
        Ok(Self {
            currency,
            lines,
            subtotal,
            coupons,
            discount,
            taxes,
            tax,
            total,
            credits: Vec::new(),
            credits_drawn: Decimal::ZERO,
            due: total.max(Decimal::ZERO),
            owed_to_customer: (-total).max(Decimal::ZERO),
        })
    }

    /// Lets prepaid credits pay what is due, as far as they last, and tells how much that is.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn draw(&mut self, ledger: &mut CreditLedger, at: Timestamp) -> Result<Money, LedgerError> {
        let currency = ledger.balance().currency;
        if currency != self.currency {
            return Err(LedgerError::OtherCurrency(currency, self.currency));
        }
        if self.due.is_zero() {
            return Ok(Money::new(Decimal::ZERO, self.currency));
        }
        let parts = ledger.plan(self.due, at)?;
        let drawn: Decimal = parts.iter().map(|part| part.amount).sum();
        self.credits.extend(parts);
        self.credits_drawn += drawn;
        self.due -= drawn;
        Ok(Money::new(drawn, self.currency))
    }
}
