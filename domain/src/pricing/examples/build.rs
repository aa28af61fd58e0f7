//! Plans' parts for the examples, written short.

use rust_decimal::Decimal;

use crate::kernel::Currency;
use crate::pricing::{
    Anchor, AppliedCoupon, Charge, Coupon, Discount, Due, Dynamic, Exact, FlatFee, Graduated,
    GraduatedPercentage, Interval, Lasts, Limits, Model, Package, Percentage, PercentageTier, PlanChanges,
    PlanVersion, Price, RatedLine, Standard, Tax, Terms, Tier, Transaction, Usage, Volume,
};

/// A file of Lago's specifications.
macro_rules! lago {
    ($spec:literal) => {
        concat!("getlago/lago-api@1b1c24a6 spec/", $spec)
    };
}
pub(in crate::pricing) use lago;

/// A file of the tests of OpenMeter's prices.
macro_rules! openmeter {
    ($test:literal) => {
        concat!(
            "openmeterio/openmeter@7e57a394 openmeter/billing/rating/service/rate/",
            $test
        )
    };
}
pub(in crate::pricing) use openmeter;

/// A monthly plan in dollars.
pub(in crate::pricing) fn version(fees: Vec<FlatFee>, charges: Vec<Charge>) -> PlanVersion {
    PlanVersion {
        version: 1,
        effective_from: "2020-01-01T00:00:00Z".parse().unwrap(),
        currencies: vec![usd()],
        interval: Interval::Monthly,
        anchor: Anchor::Calendar,
        trial_days: 0,
        fees,
        charges,
        minimum_spend: None,
        commitment: None,
        changes: PlanChanges::default(),
        limits: Limits::default(),
    }
}

/// A fee in advance.
pub(in crate::pricing) fn fee(amount: &str) -> FlatFee {
    FlatFee::new("fee", price(amount))
}

/// A fee in arrears.
pub(in crate::pricing) fn arrears(amount: &str) -> FlatFee {
    FlatFee {
        due: Due::InArrears,
        ..fee(amount)
    }
}

pub(in crate::pricing) fn tax(rate_percent: &str) -> Tax {
    Tax {
        code: "vat".to_owned(),
        name: "VAT".to_owned(),
        rate_percent: decimal(rate_percent),
    }
}

pub(in crate::pricing) fn coupon(code: &str, discount: Discount, only_for: &[&str]) -> AppliedCoupon {
    AppliedCoupon {
        coupon: Coupon {
            code: code.to_owned(),
            discount,
            only_for: only_for.iter().map(|code| (*code).to_owned()).collect(),
            lasts: Lasts::Forever,
            expires_on: None,
        },
        used: 0,
    }
}

pub(in crate::pricing) fn decimal(text: &str) -> Decimal {
    Decimal::from_str_exact(text).unwrap()
}

pub(in crate::pricing) fn exact(text: &str) -> Exact {
    text.parse().unwrap()
}

pub(in crate::pricing) fn currency(code: &str) -> Currency {
    code.parse().unwrap()
}

pub(in crate::pricing) fn usd() -> Currency {
    currency("USD")
}

pub(in crate::pricing) fn terms() -> Terms {
    Terms::whole(usd())
}

pub(in crate::pricing) fn price(amount: &str) -> Price {
    Price::new(decimal(amount), usd())
}

fn some_price(amount: &str) -> Option<Price> {
    (!amount.is_empty() && amount != "0").then(|| price(amount))
}

fn bound(text: &str) -> Option<Decimal> {
    Some(text).filter(|text| !text.is_empty()).map(decimal)
}

/// Upper bound (empty: open), price a unit, flat fee.
pub(in crate::pricing) type TierRow = (&'static str, &'static str, &'static str);

fn tiers(rows: &[TierRow]) -> Vec<Tier> {
    let tier = |(up_to, unit_price, flat_fee): &TierRow| Tier {
        up_to: bound(up_to),
        unit_price: some_price(unit_price),
        flat_fee: some_price(flat_fee),
    };
    rows.iter().map(tier).collect()
}

pub(in crate::pricing) fn charge(model: Model) -> Charge {
    Charge::new("usage", "meter", "unit", model)
}

pub(in crate::pricing) fn standard(unit_price: &str) -> Charge {
    charge(Model::Standard(Standard {
        unit_price: price(unit_price),
    }))
}

pub(in crate::pricing) fn graduated(rows: &[TierRow]) -> Charge {
    charge(Model::Graduated(Graduated { tiers: tiers(rows) }))
}

pub(in crate::pricing) fn volume(rows: &[TierRow]) -> Charge {
    charge(Model::Volume(Volume { tiers: tiers(rows) }))
}

pub(in crate::pricing) fn package(size: &str, amount: &str, free: &str) -> Charge {
    charge(Model::Package(Package {
        package_size: decimal(size),
        package_price: price(amount),
        free_units: decimal(free),
    }))
}

/// Upper bound (empty: open), per cent, flat fee.
pub(in crate::pricing) fn graduated_percentage(rows: &[TierRow]) -> Charge {
    let tier = |(up_to, rate, flat_fee): &TierRow| PercentageTier {
        up_to: bound(up_to),
        rate_percent: decimal(rate),
        flat_fee: some_price(flat_fee),
    };
    charge(Model::GraduatedPercentage(GraduatedPercentage {
        tiers: rows.iter().map(tier).collect(),
    }))
}

/// A rate with a fixed fee, and no allowances yet.
pub(in crate::pricing) fn percentage(rate: &str, fixed: &str) -> Percentage {
    Percentage {
        rate_percent: decimal(rate),
        fixed_fee: some_price(fixed),
        free_transactions: None,
        free_amount: None,
        minimum_per_transaction: None,
        maximum_per_transaction: None,
    }
}

pub(in crate::pricing) fn dynamic() -> Charge {
    charge(Model::Dynamic(Dynamic::default()))
}

pub(in crate::pricing) fn quantity(text: &str) -> Usage {
    Usage::Quantity(decimal(text))
}

/// Transactions in this order, a second apart.
pub(in crate::pricing) fn transactions(amounts: &[&str]) -> Usage {
    let transaction = |(index, amount): (usize, &&str)| Transaction {
        at: jiff::Timestamp::from_second(i64::try_from(index).unwrap()).unwrap(),
        id: format!("{index}"),
        amount: decimal(amount),
    };
    Usage::Transactions(amounts.iter().enumerate().map(transaction).collect())
}

/// The exact amount of the usage.
pub(in crate::pricing) fn amount(charge: &Charge, usage: &Usage) -> Exact {
    usage_line(charge, usage).exact
}

/// The line of the usage, without those of a minimum or a commitment.
pub(in crate::pricing) fn usage_line(charge: &Charge, usage: &Usage) -> RatedLine {
    charge.rate(usage, terms()).unwrap().swap_remove(0)
}

/// The exact amount of a quantity.
pub(in crate::pricing) fn rate(charge: &Charge, text: &str) -> Exact {
    amount(charge, &quantity(text))
}

/// What usage adds to what was billed for less of it.
pub(in crate::pricing) fn rate_more(charge: &Charge, from: &str, to: &str) -> Exact {
    let line = |text: &str| usage_line(charge, &quantity(text));
    line(to).since(&line(from)).unwrap().exact
}

/// The rounded amounts of all lines that a charge makes, added up, and the last line's.
pub(in crate::pricing) fn total_and_last(charge: &Charge, text: &str) -> (Exact, Exact) {
    let lines = charge.rate(&quantity(text), terms()).unwrap();
    let amounts: Vec<Decimal> = lines.iter().map(|line| line.amount.amount).collect();
    (
        amounts.iter().sum::<Decimal>().into(),
        (*amounts.last().unwrap()).into(),
    )
}
