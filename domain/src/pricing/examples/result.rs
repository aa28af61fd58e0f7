//! Results: outcomes, returns, rates, and levels over time.

use rust_decimal::Decimal;

use super::build::{exact, standard, terms};
use super::proration::period;
use super::{Example, example};
use crate::pricing::{
    BilledStates, Exact, LevelChange, Outcome, OutcomeState, OutcomeTerms, Period, Weighted, roi, share_of,
    time_weighted,
};

const ASSUMED: &str = "roy-tong/AgentMeasure conformance/evidence/assumed-resolution (counts), at Fin's 0.99";
const WEIGHTED: &str =
    "getlago/lago-api spec/services/billable_metrics/aggregations/weighted_sum_service_spec.rb";

/// Ten tickets: 4 resolved, 3 assumed so, 2 escalated, 1 abandoned.
fn ten_tickets() -> Vec<Outcome> {
    let states = [
        (4, OutcomeState::Confirmed),
        (3, OutcomeState::Assumed),
        (2, OutcomeState::Escalated),
        (1, OutcomeState::Abandoned),
    ];
    let tickets = states.into_iter().flat_map(|(count, state)| {
        (0..count).map(move |number| Outcome {
            id: format!("{state:?}-{number}"),
            at: "2026-03-10T12:00:00Z".parse().unwrap(),
            state,
            value: Decimal::ONE,
            reversed_at: None,
        })
    });
    tickets.collect()
}

fn tickets_at(bill: BilledStates) -> Exact {
    let rule = OutcomeTerms {
        bill,
        stability_days: 14,
        key: None,
        assumed: None,
        reversed: None,
    };
    let usage = rule.usage(
        &ten_tickets(),
        &period("2026-03-01", "2026-04-01"),
        "2026-04-01T00:00:00Z".parse().unwrap(),
    );
    standard("0.99").usage_line(&usage, terms()).unwrap().exact
}

/// What the vendor's rule bills, what is sure, and what is in dispute between them.
fn tickets() -> [Exact; 3] {
    let (vendor, sure) = (
        tickets_at(BilledStates::ConfirmedAndAssumed),
        tickets_at(BilledStates::Confirmed),
    );
    [vendor, sure, vendor.minus(sure).unwrap()]
}

fn level(carried: &str, changes: &[(&str, &str)], over: &Period) -> Weighted {
    let changes: Vec<LevelChange> = changes
        .iter()
        .map(|(at, by)| LevelChange {
            at: at.parse().unwrap(),
            by: by.parse().unwrap(),
        })
        .collect();
    let (from, until) = (over.begins_at().unwrap(), over.ends_at().unwrap());
    time_weighted(carried.parse().unwrap(), &changes, from, until).unwrap()
}

fn to_5_places(exact: Exact) -> Exact {
    exact.rounded(5).unwrap().into()
}

fn august(changes: &[(&str, &str)]) -> Exact {
    to_5_places(level("0", changes, &period("2023-08-01", "2023-09-01")).average)
}

/// 533.33, and 300 carried on.
fn april() -> [Exact; 2] {
    let changes = [
        ("2023-04-04T00:00:00Z", "-2000"),
        ("2023-04-06T00:00:00Z", "-200"),
    ];
    let weighted = level("2500", &changes, &period("2023-04-01", "2023-05-01"));
    [weighted.average.rounded(2).unwrap().into(), weighted.level.into()]
}

/// Ten days at 100, twenty at 130.
fn elastic() -> Exact {
    level(
        "100",
        &[("2023-04-11T00:00:00Z", "30")],
        &period("2023-04-01", "2023-05-01"),
    )
    .average
}

pub(super) fn examples() -> Vec<Example> {
    let august_1 = [
        ("2023-08-01T00:00:00Z", "2"),
        ("2023-08-01T01:00:00Z", "3"),
        ("2023-08-01T01:30:00Z", "1"),
        ("2023-08-01T02:00:00Z", "-4"),
        ("2023-08-01T04:00:00Z", "-2"),
        ("2023-08-01T05:00:00Z", "10"),
        ("2023-08-01T05:30:00Z", "-10"),
    ];
    vec![
        example("outcome-am", ASSUMED, "6.93 3.96 2.97", tickets()),
        example(
            "roi-simple",
            "digitalmarketingknight.com ai-in-roi-measurement",
            "3",
            [roi(exact("200000"), exact("50000")).unwrap().unwrap()],
        ),
        example(
            "denial-rate",
            "unislink.com RCM denial rate example; definition HFMA Claim Integrity Task Force KPI 1",
            "0.2",
            [share_of(exact("1500"), exact("7500")).unwrap().unwrap()],
        ),
        example(
            "wavg-elastic",
            "elastic/docs-content cloud-hosted-deployment-billing-dimensions.md",
            "120",
            [elastic()],
        ),
        example("wsum-lago-aug", WEIGHTED, "0.02218", [august(&august_1)]),
        example(
            "wsum-lago-eu",
            WEIGHTED,
            "1.00269",
            [august(&[
                ("2023-08-01T00:00:00Z", "2"),
                ("2023-08-01T02:00:00Z", "-1"),
            ])],
        ),
        example(
            "wsum-lago-both",
            WEIGHTED,
            "4.99597",
            [august(&[
                ("2023-08-01T00:00:00Z", "2"),
                ("2023-08-01T01:00:00Z", "3"),
            ])],
        ),
        example(
            "wsum-lago-single",
            WEIGHTED,
            "1000",
            [august(&[("2023-08-01T00:00:00Z", "1000")])],
        ),
        example("wsum-lago-none", WEIGHTED, "0", [august(&[])]),
        example(
            "wsum-lago-same-time",
            WEIGHTED,
            "6",
            [august(&[
                ("2023-08-01T00:00:00Z", "3"),
                ("2023-08-01T00:00:00Z", "3"),
            ])],
        ),
        example("wsum-lago-recurring", WEIGHTED, "1000.02218 1000", {
            let weighted = level("1000", &august_1, &period("2023-08-01", "2023-09-01"));
            [to_5_places(weighted.average), weighted.level.into()]
        }),
        example(
            "wsum-lago-us",
            WEIGHTED,
            "2.99597",
            [august(&[("2023-08-01T01:00:00Z", "3")])],
        ),
        example("wsum-lago-apr", WEIGHTED, "533.33 300", april()),
    ]
}

#[test]
fn there_is_no_return_without_a_cost() {
    assert_eq!(roi(Exact::ONE, Exact::ZERO), Ok(None));
    assert_eq!(share_of(Exact::ZERO, Exact::ZERO), Ok(None));
}
