//! What an invoice says: the lines of a period, each with what it is proved by.

use jiff::Timestamp;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kernel::{Currency, Money};
use crate::pricing::{CreditPart, DraftInvoice, LineKind, Period, RatedCoupon, RatedLine, RatedTax};

/// What of a period is billed.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    JsonSchema,
    strum::Display,
    strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Stage {
    /// At its begin: the fees that are due in advance.
    Opening,
    /// When it is over: all that is not billed yet.
    #[default]
    Closing,
}

/// A bill of one period of one subscription.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Bill {
    /// The subscription's id inside the tenant.
    pub subscription: String,
    /// Who subscribes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    /// The period.
    pub period: Period,
    /// What of the period.
    pub stage: Stage,
    /// How many invoices of the subscription came before this one.
    pub before: u32,
    /// The position in the log up to which events are counted: whoever folds up to here gets the same lines.
    pub counted_up_to: u64,
    /// The currency of all its amounts.
    pub currency: Currency,
    /// The lines.
    pub lines: Vec<BillLine>,
    /// The sum of the lines.
    pub subtotal: Decimal,
    /// What coupons took off; those that name an earlier period are differences to what was taken off its bill.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub coupons: Vec<RatedCoupon>,
    /// The sum of the coupons.
    pub discount: Decimal,
    /// The taxes of the subtotal less the discount; those that name an earlier period are differences to its taxes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
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
    /// What is to be paid; never below zero.
    pub due: Decimal,
}

/// A line of a bill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BillLine {
    /// What was rated.
    pub rated: RatedLine,
    /// The version of the meter that counted, for usage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meter_version: Option<u32>,
    /// The events behind it come after this position; 0 for a line that is billed for the first time.
    #[serde(default)]
    pub counted_after: u64,
    /// What it corrects, for a correction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrects: Option<Corrected>,
}

/// What a correction line corrects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Corrected {
    /// The last invoice that billed the line.
    pub invoice: String,
    /// What kind of line it is.
    pub kind: LineKind,
    /// The original period.
    pub period: Period,
}

/// A line that folds to something else than what was issued.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LineDifference {
    /// The code of the fee or charge; `coupon `, `tax ` or `credit ` and the code or the grant's id for what is no line.
    pub code: String,
    /// Its place on the invoice: 1, 2, 3, ...; 0 for coupons, taxes and prepaid credits.
    pub line: u32,
    /// What was issued; none for a line that should be there.
    pub issued: Option<Money>,
    /// What the log says; none for a line that should not be there.
    pub folded: Option<Money>,
}

impl Bill {
    /// What it comes to.
    #[must_use]
    pub const fn total(&self) -> Money {
        Money::new(self.total, self.currency)
    }

    /// The same as the pricing library has it.
    #[must_use]
    pub fn draft(&self) -> DraftInvoice {
        DraftInvoice {
            currency: self.currency,
            lines: self.lines.iter().map(|line| line.rated.clone()).collect(),
            subtotal: self.subtotal,
            coupons: self.coupons.clone(),
            discount: self.discount,
            taxes: self.taxes.clone(),
            tax: self.tax,
            total: self.total,
            credits: self.credits.clone(),
            credits_drawn: self.credits_drawn,
            due: self.due,
            owed_to_customer: (-self.total).max(Decimal::ZERO),
        }
    }

    /// The line of a place: 1, 2, 3, ...
    #[must_use]
    pub fn line(&self, place: u32) -> Option<&BillLine> {
        self.lines.get(usize::try_from(place).ok()?.checked_sub(1)?)
    }

    /// Whether its sums are those of its lines.
    pub(super) fn adds_up(&self) -> bool {
        let sum = |amounts: Vec<Decimal>| {
            let mut amounts = amounts.into_iter();
            amounts.try_fold(Decimal::ZERO, Decimal::checked_add)
        };
        let lines = || self.lines.iter().map(|line| line.rated.amount);
        let coupons = self.coupons.iter().map(|coupon| coupon.amount.amount);
        let taxes = self.taxes.iter().map(|tax| tax.amount.amount);
        let credits = || self.credits.iter().map(|part| part.amount);
        lines().all(|amount| amount.currency == self.currency)
            && sum(lines().map(|amount| amount.amount).collect()) == Some(self.subtotal)
            && sum(coupons.collect()) == Some(self.discount)
            && sum(taxes.collect()) == Some(self.tax)
            && credits().all(|amount| amount > Decimal::ZERO)
            && sum(credits().collect()) == Some(self.credits_drawn)
            && self.total == self.subtotal - self.discount + self.tax
            && self.due == self.total.max(Decimal::ZERO) - self.credits_drawn
            && self.due >= Decimal::ZERO
    }

    /// When its period, or the part of it that is billed, begins and ends.
    #[must_use]
    pub fn moments(&self) -> Option<(Timestamp, Timestamp)> {
        Some((self.period.begins_at().ok()?, self.period.ends_at().ok()?))
    }
}
