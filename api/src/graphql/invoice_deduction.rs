//! What is on an invoice beside its lines: coupons and taxes.

use async_graphql::SimpleObject;
use domain::Currency;
use domain::pricing::{Period, RatedCoupon, RatedTax};

use super::invoice_preview::before;
use super::kit::{Date, Decimal, Money};

/// What a coupon took off an invoice.
#[derive(Clone, SimpleObject)]
pub(crate) struct InvoiceCoupon {
    /// The coupon's code.
    code: String,
    /// What it was taken off.
    base: Money,
    /// How much it took off; below zero when less comes off an earlier period than was taken off its bill.
    amount: Money,
    /// The earlier period whose bill it changes; null: it is of the invoice's own.
    corrects: Option<InvoicePeriod>,
}

/// A tax of an invoice.
#[derive(Clone, SimpleObject)]
pub(crate) struct InvoiceTax {
    /// The tax's code.
    code: String,
    /// Its rate in per cent.
    rate_percent: Decimal,
    /// What it is taken of.
    base: Money,
    /// How much; below zero when an earlier period's tax is less than was billed.
    amount: Money,
    /// The earlier period whose bill it changes; null: it is of the invoice's own.
    corrects: Option<InvoicePeriod>,
}

/// A billing period.
#[derive(Clone, SimpleObject)]
pub(crate) struct InvoicePeriod {
    /// The first day.
    first_day: Date,
    /// The last day.
    last_day: Date,
}

impl From<&Period> for InvoicePeriod {
    fn from(period: &Period) -> Self {
        Self {
            first_day: period.first_day.into(),
            last_day: before(period.end_day),
        }
    }
}

impl InvoiceCoupon {
    pub(super) fn all(coupons: &[RatedCoupon], currency: Currency) -> Vec<Self> {
        let told = |coupon: &RatedCoupon| Self {
            code: coupon.code.clone(),
            base: Money::of(coupon.base, currency.code()),
            amount: coupon.amount.into(),
            corrects: coupon.corrects.as_ref().map(Into::into),
        };
        coupons.iter().map(told).collect()
    }
}

impl From<&RatedTax> for InvoiceTax {
    fn from(tax: &RatedTax) -> Self {
        Self {
            code: tax.code.clone(),
            rate_percent: tax.rate_percent.into(),
            base: tax.base.into(),
            amount: tax.amount.into(),
            corrects: tax.corrects.as_ref().map(Into::into),
        }
    }
}
