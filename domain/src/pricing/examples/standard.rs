//! Standard, included units, rounding, and minimum spend.

use super::build::{
    currency, decimal, exact, lago, openmeter, price, quantity, rate, rate_more, standard, terms,
    total_and_last,
};
use super::{Example, example};
use crate::pricing::{Charge, Commitment, Exact, RoundUnits, Terms, Transform, TrueUp, rounded};

const OPENMETER: &str = openmeter!("unit_test.go");
const DODO: &str = "docs.dodopayments.com usage-based-billing/introduction";
const COMMITMENT: &str = "flexprice/flexprice@e4b5303f internal/service/billing_commitment_test.go";
const FLEXPRICE: &str = "flexprice/flexprice@e4b5303f internal/types/currency_rounding_test.go";
const LAGO_MINIMUM: &str = lago!("scenarios/spending_minimum_spec.rb");

fn to_the_cent(amount: &str, code: &str) -> Exact {
    rounded(exact(amount), currency(code)).unwrap().amount.into()
}

fn at_least(minimum: &str, unit_price: &str) -> Charge {
    Charge {
        minimum_spend: Some(price(minimum)),
        ..standard(unit_price)
    }
}

/// A minimum of 10.00 for 25 of 28 days, and usage of 8.00.
fn prorated_minimum() -> Exact {
    let share = Exact::ratio(25, 28).unwrap();
    let terms = Terms {
        share,
        owed_share: share,
        ..terms()
    };
    let lines = at_least("10", "1").rate(&quantity("8"), terms).unwrap();
    lines.last().unwrap().amount.amount.into()
}

fn with_included(included: &str, unit_price: &str) -> Charge {
    Charge {
        included_units: decimal(included),
        ..standard(unit_price)
    }
}

fn at_most(maximum: &str, unit_price: &str) -> Charge {
    Charge {
        maximum_spend: Some(price(maximum)),
        ..standard(unit_price)
    }
}

/// Units divided by the first and multiplied by the second figure before they are priced.
fn counted(unit_price: &str, (divide_by, multiply_by): (&str, &str), round: RoundUnits, used: &str) -> Exact {
    let charge = Charge {
        transform: Some(Transform {
            divide_by: decimal(divide_by),
            multiply_by: decimal(multiply_by),
            round,
        }),
        ..standard(unit_price)
    };
    rate(&charge, used)
}

/// Ten committed at two a unit, and twice the price beyond.
fn commitment(id: &'static str, expected: &str, used: &str) -> Example {
    let charge = Charge {
        commitment: Some(Commitment {
            amount: price("10"),
            overage_factor: decimal("2"),
            true_up: TrueUp::Owed,
        }),
        ..standard("2")
    };
    example(id, COMMITMENT, expected, [total_and_last(&charge, used).0])
}

/// Flexprice's other roundings: amount, currency, result.
const ROUNDINGS: &[(&str, &str, &str, &str)] = &[
    ("round-flex-eur", "10.275", "EUR", "10.28"),
    ("round-flex-jpy", "1000.5", "JPY", "1001"),
    ("round-flex-vnd", "1000.5", "VND", "1001"),
    ("round-flex-clp", "1000.5", "CLP", "1001"),
    ("round-flex-inr", "100.556", "INR", "100.56"),
    ("round-flex-0.004", "0.004", "USD", "0.00"),
    ("round-flex-0.005", "0.005", "USD", "0.01"),
    ("round-flex-0.014", "0.014", "USD", "0.01"),
    ("round-flex-0.015", "0.015", "USD", "0.02"),
    ("round-flex-jpy-0.4", "0.4", "JPY", "0"),
    ("round-flex-jpy-99.5", "99.5", "JPY", "100"),
    ("round-flex-10.225", "10.225", "USD", "10.23"),
    ("round-flex-negative", "-10.125", "USD", "-10.13"),
    ("round-flex-negative-down", "-10.124", "USD", "-10.12"),
    ("round-flex-negative-jpy", "-100.5", "JPY", "-101"),
    ("round-flex-large", "999999999.999", "USD", "1000000000.00"),
    ("round-flex-third", "10.666666666", "USD", "10.67"),
];

pub(super) fn examples() -> Vec<Example> {
    let om = |id, expected, got| example(id, OPENMETER, expected, got);
    let roundings = ROUNDINGS
        .iter()
        .map(|(id, amount, code, expected)| example(id, FLEXPRICE, expected, [to_the_cent(amount, code)]));
    let mut examples: Vec<Example> = roundings.collect();
    examples.extend([
        example(
            "std-lago-1",
            "getlago docs charges/charge-models/standard",
            "50",
            [rate(&standard("0.05"), "1000")],
        ),
        example(
            "std-free-dodo-1",
            DODO,
            "30",
            [rate(&with_included("1000", "0.02"), "2500")],
        ),
        example(
            "round-flex-usd",
            FLEXPRICE,
            "10.28",
            [to_the_cent("10.275", "USD")],
        ),
        example(
            "round-flex-krw",
            FLEXPRICE,
            "1001",
            [to_the_cent("1000.5", "KRW")],
        ),
        om("std-om-0", "0", [rate(&standard("10"), "0")]),
        om("std-om-10", "1000", [rate(&standard("100"), "10")]),
        om(
            "std-om-min100",
            "100",
            [total_and_last(&at_least("100", "10"), "0").0],
        ),
        om(
            "std-om-max100",
            "30",
            [rate_more(&at_most("100", "10"), "7", "12")],
        ),
        om(
            "std-om-max100-not-hit",
            "100",
            [rate(&at_most("100", "10"), "10")],
        ),
        om(
            "std-om-divide-up",
            "20",
            [counted("10", ("1000000", "1"), RoundUnits::Up, "1500001")],
        ),
        om(
            "std-om-divide-up-1400",
            "20",
            [counted("10", ("1000", "1"), RoundUnits::Up, "1400")],
        ),
        om(
            "std-om-divide-down",
            "5",
            [counted("5", ("1000", "1"), RoundUnits::Down, "1999")],
        ),
        om(
            "std-om-multiply",
            "120",
            [counted("1", ("1", "1.2"), RoundUnits::Exact, "100")],
        ),
        commitment("commit-flex-short", "10", "2"),
        commitment("commit-flex-beyond", "22", "8"),
        example(
            "min-lago-charge",
            "getlago docs charges/spending-minimum (true-up fee)",
            "50",
            [total_and_last(&at_least("100", "0.010"), "5000").1],
        ),
        example("min-lago-prorated", LAGO_MINIMUM, "0.93", [prorated_minimum()]),
    ]);
    examples
}
