//! What coupons and taxes of a period come to.

use std::collections::BTreeMap;

use domain::pricing::{
    Agreement, AppliedCoupon, Coupon, Deducted, DraftInvoice, Period, RatedLine, levy, take_off,
};
use domain::subscription::deductions;

use super::StatementError;
use super::account::Account;
use super::billed::billed;
use crate::invoice::InvoiceRow;

/// In how many periods before one coupons took something off, by their codes: a coupon that lasts for some periods is for the
/// first ones that it could be for, whenever they are billed.
#[derive(Debug, Default)]
pub(super) struct CouponsUsed(BTreeMap<String, u32>);

impl CouponsUsed {
    /// A period comes to this; those that follow are asked about next.
    pub(super) fn note(&mut self, deducted: &Deducted) {
        for coupon in deducted.coupons.iter().map(|rated| &rated.code) {
            if deducted.has(coupon) {
                *self.0.entry(coupon.clone()).or_default() += 1;
            }
        }
    }
}

impl Account<'_> {
    /// What coupons take off all lines of a period, and the taxes of what is left.
    pub(super) fn deducted(
        &self,
        (agreement, period): (&Agreement, &Period),
        lines: &[RatedLine],
        used: &CouponsUsed,
    ) -> Result<Deducted, StatementError> {
        let currency = agreement.currency();
        let (coupons, taxes) = deductions(&self.terms, period.ends_at()?);
        let applied = |coupon: Coupon| AppliedCoupon {
            used: used.0.get(&coupon.code).copied().unwrap_or_default(),
            coupon,
        };
        let applied: Vec<AppliedCoupon> = coupons.into_iter().map(applied).collect();
        let untaxed = Deducted {
            coupons: take_off(lines, &applied, period.first_day, currency)?,
            taxes: Vec::new(),
        };
        let net = DraftInvoice::of(currency, lines.to_vec(), untaxed.clone())?.total;
        Ok(Deducted {
            taxes: levy(net, &taxes, currency)?,
            ..untaxed
        })
    }

    /// A period's lines with its coupons and taxes, after what these invoices billed of earlier periods.
    pub(super) fn settled(
        &self,
        (agreement, period): (&Agreement, &Period),
        lines: Vec<RatedLine>,
        invoices: &[InvoiceRow],
    ) -> Result<DraftInvoice, StatementError> {
        let mut used = CouponsUsed::default();
        for earlier in billed(invoices, self.position())? {
            if earlier.period.first_day < period.first_day {
                used.note(&earlier.deducted);
            }
        }
        let deducted = self.deducted((agreement, period), &lines, &used)?;
        Ok(DraftInvoice::of(agreement.currency(), lines, deducted)?)
    }
}
