//! Coupons and taxes of a period, billed bit by bit.

use proptest::prelude::*;
use rust_decimal::Decimal;

use crate::pricing::examples::build::usd;
use crate::pricing::examples::proration::period;
use crate::pricing::{
    AppliedCoupon, Coupon, Deducted, Discount, DraftInvoice, FlatFee, Lasts, Price, Settlement, Tax,
};

fn coupon(code: &str, percent: i64) -> AppliedCoupon {
    AppliedCoupon {
        coupon: Coupon {
            code: code.to_owned(),
            discount: Discount::Percent(Decimal::new(percent, 2)),
            only_for: vec![],
            lasts: Lasts::Forever,
            expires_on: None,
        },
        used: 0,
    }
}

fn tax(code: &str, rate: i64) -> Tax {
    Tax {
        code: code.to_owned(),
        name: "Tax".to_owned(),
        rate_percent: Decimal::new(rate, 2),
    }
}

/// A period that comes to so many cents, with coupons and taxes.
fn rated(cents: i64, coupons: &[AppliedCoupon], taxes: &[Tax]) -> DraftInvoice {
    let fee = FlatFee::new("fee", Price::new(Decimal::new(cents, 2), usd()));
    let april = crate::pricing::InForce::whole(period("2026-04-01", "2026-05-01"));
    let line = fee.line(&april.period, april.days, usd()).unwrap();
    let settlement = Settlement {
        currency: usd(),
        first_day: april.period.first_day,
        coupons,
        taxes,
        before: &Deducted::default(),
        given_back: &[],
    };
    settlement.settle::<()>(vec![line], &[]).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However often a period is billed anew, with whatever coupons and taxes: all differences together are what it comes to last.
    #[test]
    fn differences_add_up_to_what_it_comes_to_last(
        steps in prop::collection::vec((0..100_000_i64, 0..10_001_i64, 0..3_000_i64, 0..2_usize), 1..6),
    ) {
        let corrected = period("2026-04-01", "2026-05-01");
        let mut billed = Deducted::default();
        let mut last = None;
        for (cents, percent, rate, which) in steps {
            let name = ["one", "other"][which];
            let invoice = rated(cents, &[coupon(name, percent)], &[tax("vat", rate), tax(name, 500)]);
            let now = Deducted::from(invoice.clone());
            let added = now.since(&billed, Some(&corrected)).unwrap();
            prop_assert!(added.coupons.iter().all(|coupon| coupon.corrects.as_ref() == Some(&corrected)));
            for coupon in &added.coupons {
                billed.add_coupon(coupon).unwrap();
            }
            for tax in &added.taxes {
                billed.add_tax(tax).unwrap();
            }
            last = Some(invoice);
        }
        let last = last.unwrap();
        let off: Decimal = billed.coupons.iter().map(|coupon| coupon.amount.amount).sum();
        let tax: Decimal = billed.taxes.iter().map(|tax| tax.amount.amount).sum();
        prop_assert_eq!((off, tax), (last.discount, last.tax));
        let again = Deducted::from(last.clone()).since(&billed, None).unwrap();
        prop_assert!(again.coupons.is_empty() && again.taxes.is_empty(), "{:?}", again);
    }
}

#[test]
fn a_tax_of_nothing_is_told_once() {
    let nothing = Deducted::from(rated(0, &[], &[tax("vat", 1900)]));
    let first = nothing.since(&Deducted::default(), None).unwrap();
    assert_eq!(first.taxes.len(), 1);
    assert_eq!(nothing.since(&first, None).unwrap(), Deducted::default());
}
