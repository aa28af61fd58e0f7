//! Results: outcomes, returns, rates, and levels over time.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;

use super::build::{amount, exact, lago, standard};
use super::proration::period;
use super::{Example, example};
use crate::meter::{LevelHour, mean_level};
use crate::pricing::{BilledStates, Exact, OutcomeTerms, Period, Told, Word, roi, share_of};

const ASSUMED: &str = "roy-tong/AgentMeasure conformance/evidence/assumed-resolution (counts), at Fin's 0.99";
const WEIGHTED: &str = lago!("services/billable_metrics/aggregations/weighted_sum_service_spec.rb");

/// Ten tickets: 4 resolved, 3 assumed so, 2 that went to a person after it was assumed, 1 abandoned, of which nobody says
/// anything.
fn ten_tickets() -> Vec<Told> {
    let told = |ticket: &str, hour: i64, word| Told {
        key: ticket.to_owned(),
        at: "2026-03-10T12:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_hours(hour),
        word,
        id: format!("{ticket}-{hour}"),
        value: Decimal::ONE,
    };
    let resolved = ["1", "2", "3", "4"].map(|ticket| told(ticket, 0, Word::Confirmed));
    let assumed = ["5", "6", "7", "8", "9"].map(|ticket| told(ticket, 0, Word::Assumed));
    let escalated = ["8", "9"].map(|ticket| told(ticket, 1, Word::Reversed));
    resolved.into_iter().chain(assumed).chain(escalated).collect()
}

fn tickets_at(bill: BilledStates) -> Exact {
    let rule = OutcomeTerms {
        bill,
        stability_days: 14,
        key: None,
        assumed: None,
        reversed: None,
    };
    let march = period("2026-03-01", "2026-04-01");
    let days = (march.begins_at().unwrap(), march.ends_at().unwrap());
    amount(
        &standard("0.99"),
        &rule.usage(&rule.pair(ten_tickets()), &march, days),
    )
}

/// What the vendor's rule bills, what is sure, and what is in dispute between them.
fn tickets() -> [Exact; 3] {
    let (vendor, sure) = (
        tickets_at(BilledStates::ConfirmedAndAssumed),
        tickets_at(BilledStates::Confirmed),
    );
    [vendor, sure, vendor.minus(sure).unwrap()]
}

/// The hours that changes make, in the order in which they come.
fn hours(changes: &[(&str, &str)]) -> BTreeMap<Timestamp, LevelHour> {
    let mut hours = BTreeMap::new();
    for (at, by) in changes {
        let at: Timestamp = at.parse().unwrap();
        let into = at.as_second().rem_euclid(3_600);
        let begin = at - SignedDuration::from_secs(into);
        let hour = hours.entry(begin).or_insert(LevelHour::new(begin));
        *hour = hour.with(at, by.parse().unwrap()).unwrap();
    }
    hours
}

/// The level's mean over a period.
fn mean(changes: &[(&str, &str)], over: &Period) -> Exact {
    let span = (over.begins_at().unwrap(), over.ends_at().unwrap());
    mean_level(hours(changes).into_values(), span).unwrap()
}

fn to_5_places(exact: Exact) -> Exact {
    exact.rounded(5).unwrap().into()
}

fn august(changes: &[(&str, &str)]) -> Exact {
    to_5_places(mean(changes, &period("2023-08-01", "2023-09-01")))
}

/// 533.33, and 300 carried on, which May holds if nothing changes.
fn april() -> [Exact; 2] {
    let changes = [
        ("2023-02-01T00:00:00Z", "2500"),
        ("2023-04-04T00:00:00Z", "-2000"),
        ("2023-04-06T00:00:00Z", "-200"),
    ];
    let of_april = mean(&changes, &period("2023-04-01", "2023-05-01"));
    let carried = mean(&changes, &period("2023-05-01", "2023-06-01"));
    [of_april.rounded(2).unwrap().into(), carried]
}

/// Ten days at 100, twenty at 130.
fn elastic() -> Exact {
    let changes = [("2023-03-07T10:00:00Z", "100"), ("2023-04-11T00:00:00Z", "30")];
    mean(&changes, &period("2023-04-01", "2023-05-01"))
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
            let changes = [&[("2023-07-31T23:59:59Z", "1000")][..], &august_1].concat();
            let carried = mean(&changes, &period("2023-09-01", "2023-10-01"));
            [august(&changes), carried]
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
