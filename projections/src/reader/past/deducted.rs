//! What coupons and taxes of a period come to.

use std::collections::BTreeMap;

use domain::invoice::Stage;
use domain::pricing::{
    Agreement, AppliedCoupon, Coupon, Deducted, DraftInvoice, Period, RatedLine, Settlement,
};
use domain::subscription::deductions;

use super::StatementError;
use super::account::Account;
use super::billed::{Billed, billed};
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
    /// What a period comes to: its lines less coupons, with the taxes of what is left, and no less than what credit notes gave
    /// back of what was billed of it.
    pub(super) fn settle(
        &self,
        agreement: &Agreement,
        billed: &Billed,
        lines: Vec<RatedLine>,
        used: &CouponsUsed,
    ) -> Result<DraftInvoice, StatementError> {
        let (coupons, taxes) = deductions(&self.terms, billed.period.ends_at()?);
        let applied = |coupon: Coupon| AppliedCoupon {
            used: used.0.get(&coupon.code).copied().unwrap_or_default(),
            coupon,
        };
        let coupons: Vec<AppliedCoupon> = coupons.into_iter().map(applied).collect();
        let settlement = Settlement {
            currency: agreement.currency(),
            first_day: billed.period.first_day,
            coupons: &coupons,
            taxes: &taxes,
            before: &billed.deducted,
            given_back: &billed.given_back,
        };
        Ok(settlement.settle(lines, &billed.lines)?)
    }

    /// A period's lines with its coupons and taxes, after what these invoices billed of it and of earlier periods.
    pub(super) fn settled(
        &self,
        (agreement, period): (&Agreement, &Period),
        lines: Vec<RatedLine>,
        invoices: &[InvoiceRow],
    ) -> Result<DraftInvoice, StatementError> {
        let mut used = CouponsUsed::default();
        let mut own = Billed::nothing(period, Stage::Closing);
        for billed in billed(invoices, self.position())? {
            if billed.period.first_day < period.first_day {
                used.note(&billed.deducted);
            }
            if billed.period == *period {
                own = billed;
            }
        }
        self.settle(agreement, &own, lines, &used)
    }
}
