//! Percentage, and amounts that the events bring.

use super::build::{
    amount, charge, decimal, dynamic, exact, lago, openmeter, percentage, price, rate, transactions,
    usage_line,
};
use super::{Example, example};
use crate::pricing::{Charge, Dynamic, Exact, Model, Percentage, Usage};

const LAGO: &str = lago!("services/charge_models/percentage_service_spec.rb");
const LAGO_DYNAMIC: &str = lago!("services/charge_models/dynamic_service_spec.rb");
const OPENMETER: &str = openmeter!("dynamic_test.go");
const DOC: &str = "getlago docs charges/charge-models/percentage";

/// Lago's running totals of 50, 150 and 400, and 400 more.
fn four() -> Usage {
    transactions(&["50", "100", "250", "400"])
}

fn of(model: Percentage) -> Charge {
    charge(Model::Percentage(model))
}

/// 1.3 % and 2.0 each, free as long as both allowances last.
fn with_free(count: Option<u32>, free_amount: Option<&str>) -> Charge {
    of(Percentage {
        free_transactions: count,
        free_amount: free_amount.map(price),
        ..percentage("1.3", "2.0")
    })
}

/// Lago's three transactions at 2.99 %, between 1.75 and 12 each.
fn bounded(fixed: &str, count: Option<u32>, free_amount: Option<&str>) -> Exact {
    let charge = of(Percentage {
        free_transactions: count,
        free_amount: free_amount.map(price),
        minimum_per_transaction: Some(price("1.75")),
        maximum_per_transaction: Some(price("12")),
        ..percentage("2.99", fixed)
    });
    amount(&charge, &transactions(&["10", "80", "10000"]))
}

fn fourth_after_three_free() -> Exact {
    let charge = of(Percentage {
        free_transactions: Some(3),
        ..percentage("1.2", "0.10")
    });
    amount(&charge, &transactions(&["10", "10", "10", "50"]))
}

fn own(quantity: &str, amount: &str) -> Usage {
    Usage::Priced {
        quantity: decimal(quantity),
        amount: decimal(amount),
    }
}

/// The rounded amount of costs at 1.33333.
fn marked_up(maximum: Option<&str>, amount: &str) -> Exact {
    let charge = Charge {
        maximum_spend: maximum.map(price),
        ..charge(Model::Dynamic(Dynamic {
            multiplier: decimal("1.33333"),
        }))
    };
    let line = usage_line(&charge, &own("0", amount));
    line.amount.amount.into()
}

/// Costs of 120 where those of 70 were billed, and 100 is the most.
fn more_of_100() -> Exact {
    marked_up(Some("100"), "120")
        .minus(marked_up(Some("100"), "70"))
        .unwrap()
}

/// The sum of Lago's three events of its dynamic example.
fn three_events() -> Usage {
    let events =
        [("7", "0.70"), ("5", "0.55"), ("10", "2.20")].map(|(units, amount)| (exact(units), exact(amount)));
    let sum = |part: fn(&(Exact, Exact)) -> Exact| {
        let sum = events
            .iter()
            .try_fold(Exact::ZERO, |sum, event| sum.plus(part(event)));
        sum.unwrap().to_string()
    };
    own(&sum(|event| event.0), &sum(|event| event.1))
}

pub(super) fn examples() -> Vec<Example> {
    let free =
        |id, expected, count, sum| example(id, LAGO, expected, [amount(&with_free(count, sum), &four())]);
    let minmax = |id, expected, fixed, count, sum| example(id, LAGO, expected, [bounded(fixed, count, sum)]);
    vec![
        free("pct-lago-both", "11.15", Some(3), Some("250")),
        free("pct-lago-amt-only", "11.15", None, Some("250")),
        free("pct-lago-ev-only", "7.2", Some(3), None),
        free("pct-lago-amt>running", "7.2", Some(3), Some("500")),
        free("pct-lago-no-free", "18.4", None, None),
        example(
            "pct-lago-more-free-than-events",
            LAGO,
            "0",
            [amount(
                &with_free(Some(5), None),
                &transactions(&["50", "100", "250"]),
            )],
        ),
        example(
            "pct-lago-small",
            LAGO,
            "0.116",
            [rate(&of(percentage("2.9", "")), "4")],
        ),
        example(
            "pct-lago-rate-0",
            LAGO,
            "8",
            [amount(&of(percentage("0", "2")), &four())],
        ),
        example("pct-lago-doc", DOC, "0.7", [fourth_after_three_free()]),
        example(
            "pct-lago-unbounded",
            LAGO,
            "301.691",
            [rate(&of(percentage("2.99", "")), "10090")],
        ),
        minmax("pct-lago-minmax", "16.142", "", None, None),
        minmax("pct-lago-minmax-fixed", "18.691", "2", None, None),
        minmax("pct-lago-minmax-free-2", "12", "", Some(2), None),
        minmax("pct-lago-minmax-free-30", "13.794", "", None, Some("30")),
        minmax("pct-lago-minmax-free-both", "2.691", "", Some(3), Some("10000")),
        example("dyn-om-multiplier", OPENMETER, "13.33", [marked_up(None, "10")]),
        example("dyn-om-max100", OPENMETER, "6.67", [more_of_100()]),
        example(
            "dyn-lago-spec",
            LAGO_DYNAMIC,
            "0.402",
            [amount(&dynamic(), &own("20", "0.402"))],
        ),
        example(
            "dyn-lago-doc",
            "getlago docs charges/charge-models/dynamic",
            "3.45",
            [amount(&dynamic(), &three_events())],
        ),
    ]
}
