//! Standard, included units, rounding, and minimum spend.

use super::build::{currency, decimal, exact, price, quantity, rate, standard, terms, total_and_last};
use super::{Example, example};
use crate::pricing::{Charge, Exact, Terms, rounded};

const DODO: &str = "docs.dodopayments.com usage-based-billing/introduction";
const FLEXPRICE: &str = "flexprice/flexprice internal/types/currency_rounding_test.go";
const LAGO_MINIMUM: &str = "getlago/lago-api spec/scenarios/spending_minimum_spec.rb";

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
    let terms = Terms {
        share: Exact::ratio(25, 28).unwrap(),
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

pub(super) fn examples() -> Vec<Example> {
    vec![
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
        example(
            "min-lago-charge",
            "getlago docs charges/spending-minimum (true-up fee)",
            "50",
            [total_and_last(&at_least("100", "0.010"), "5000").1],
        ),
        example("min-lago-prorated", LAGO_MINIMUM, "0.93", [prorated_minimum()]),
    ]
}
