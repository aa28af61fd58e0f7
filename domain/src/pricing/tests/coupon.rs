//! Coupons last as long as they say, and take off no more than there is.

use jiff::civil::date;

use crate::pricing::coupon::take_off;
use crate::pricing::examples::build::{decimal, price, quantity, standard, usage_line, usd};
use crate::pricing::{AppliedCoupon, Charge, Coupon, Discount, Lasts, RatedLine, Tax};

fn coupon(discount: Discount, lasts: Lasts) -> Coupon {
    Coupon {
        code: "welcome".to_owned(),
        discount,
        only_for: vec![],
        lasts,
        expires_on: None,
    }
}

fn lines(amounts: &[&str]) -> Vec<RatedLine> {
    let line = |(index, amount): (usize, &&str)| {
        let charge = Charge {
            code: format!("line-{index}"),
            ..standard("1")
        };
        usage_line(&charge, &quantity(amount))
    };
    amounts.iter().enumerate().map(line).collect()
}

/// What is taken off lines of these amounts.
fn taken(amounts: &[&str], coupons: &[Coupon]) -> Vec<String> {
    let coupons: Vec<AppliedCoupon> = coupons
        .iter()
        .map(|coupon| AppliedCoupon {
            coupon: coupon.clone(),
            used: 0,
        })
        .collect();
    let taken = take_off(&lines(amounts), &coupons, date(2026, 5, 1), usd()).unwrap();
    taken
        .iter()
        .map(|rated| rated.amount.amount.to_string())
        .collect()
}

#[test]
fn a_coupon_lasts_once_for_some_periods_or_for_ever() {
    let is_for = |lasts, used| {
        let coupon = coupon(Discount::Percent(decimal("10")), lasts);
        AppliedCoupon { coupon, used }.is_for(date(2026, 5, 1))
    };
    assert!(is_for(Lasts::Once, 0) && !is_for(Lasts::Once, 1));
    assert!(is_for(Lasts::Periods(3), 2) && !is_for(Lasts::Periods(3), 3));
    assert!(is_for(Lasts::Forever, 1_000));
    let expiring = Coupon {
        expires_on: Some(date(2026, 5, 1)),
        ..coupon(Discount::Percent(decimal("10")), Lasts::Forever)
    };
    let applied = AppliedCoupon {
        coupon: expiring,
        used: 0,
    };
    assert!(applied.is_for(date(2026, 5, 1)) && !applied.is_for(date(2026, 5, 2)));
}

#[test]
fn an_amount_is_capped_by_what_is_left() {
    let fixed = |amount: &str| coupon(Discount::Amount(price(amount)), Lasts::Once);
    assert_eq!(taken(&["30"], &[fixed("50")]), ["30.00"]);
    assert_eq!(taken(&["30"], &[fixed("20"), fixed("20")]), ["20.00", "10.00"]);
    assert!(taken(&["0"], &[fixed("20")]).is_empty());
}

#[test]
fn a_coupon_for_a_line_takes_off_that_line_only_and_goes_first() {
    let half = Coupon {
        only_for: vec!["line-1".to_owned()],
        ..coupon(Discount::Percent(decimal("50")), Lasts::Forever)
    };
    let tenth = coupon(Discount::Percent(decimal("10")), Lasts::Forever);
    assert_eq!(taken(&["60", "40"], &[tenth, half.clone()]), ["20.00", "8.00"]);
    assert_eq!(
        taken(&["60", "40"], &[half.clone(), half.clone(), half]),
        ["20.00", "10.00", "5.00"]
    );
}

#[test]
fn coupons_take_off_no_more_than_a_credit_leaves() {
    let half = Coupon {
        only_for: vec!["line-0".to_owned()],
        ..coupon(Discount::Amount(price("50")), Lasts::Forever)
    };
    let mut lines = lines(&["60", "40"]);
    lines[1].amount.amount = decimal("-30");
    let applied = AppliedCoupon {
        coupon: half,
        used: 0,
    };
    let taken = take_off(&lines, &[applied], date(2026, 5, 1), usd()).unwrap();
    assert_eq!(
        (taken[0].base, taken[0].amount.amount),
        (decimal("30"), decimal("30"))
    );
}

#[test]
fn a_coupon_or_a_tax_out_of_range_is_refused_with_the_way_out() {
    let refused = |coupon: Coupon| coupon.check().unwrap_err().to_string();
    assert_eq!(
        refused(coupon(Discount::Percent(decimal("101")), Lasts::Once)),
        "discount.percent: 101 is not between 0 and 100: name a share in per cent: 19 for 19 %"
    );
    assert!(
        refused(coupon(Discount::Amount(price("-5")), Lasts::Once))
            .contains("amount.USD: -5 is not above zero")
    );
    assert!(
        refused(coupon(Discount::Amount(price("5")), Lasts::Periods(0))).contains("it lasts for no invoice")
    );
    assert!(
        coupon(Discount::Percent(decimal("100")), Lasts::Once)
            .check()
            .is_ok()
    );
    let vat = |rate: &str| Tax {
        code: "vat".to_owned(),
        name: "VAT".to_owned(),
        rate_percent: decimal(rate),
    };
    assert!(vat("19").check().is_ok() && vat("-1").check().is_err() && vat("100.1").check().is_err());
    assert_eq!(
        taken(&["10"], &[coupon(Discount::Percent(decimal("150")), Lasts::Once)]),
        ["10.00"]
    );
}

#[test]
fn each_discount_is_rounded_for_itself() {
    let third = coupon(Discount::Percent(decimal("33.333")), Lasts::Forever);
    assert_eq!(taken(&["0.05"], &[third.clone(), third]), ["0.02", "0.01"]);
}
