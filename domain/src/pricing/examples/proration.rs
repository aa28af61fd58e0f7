//! Proration by day: starts, changes, ends and trials.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::build::{price, usd};
use super::{Example, example};
use crate::pricing::{Change, CreditNote, Days, Exact, FlatFee, OldFee, Period, RatedLine, Tax, levy};
use crate::tenant::Zone;
use crate::{Money, kernel::Currency};

const LAGO_UPGRADE: &str = "getlago/lago-api spec/scenarios/subscriptions/upgrade_spec.rb";
const LAGO_UPGRADE_PRORATION: &str =
    "getlago/lago-api spec/scenarios/subscriptions/upgrade_proration_spec.rb";
const LAGO_ROUNDING: &str = "getlago/lago-api spec/scenarios/credit_notes/credit_note_rounding_spec.rb";
const LAGO_DOC: &str = "getlago docs plans/upgrades-downgrades";
const LAGO_MINIMUM: &str = "getlago/lago-api spec/scenarios/spending_minimum_spec.rb";
const FLEXPRICE: &str = "flexprice/flexprice internal/domain/proration/calculator_test.go";

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

pub(in crate::pricing) fn period(first_day: &str, end_day: &str) -> Period {
    Period {
        first_day: day(first_day),
        end_day: day(end_day),
        zone: Zone::utc(),
    }
}

fn fee(amount: &str) -> FlatFee {
    FlatFee::new("fee", price(amount))
}

/// The rounded fee of some days of a period.
fn part(amount: &str, period: &Period, from: &str, until: &str) -> Exact {
    let days = Days {
        from: day(from),
        until: day(until),
    };
    fee(amount)
        .line(period, days, usd())
        .unwrap()
        .amount
        .amount
        .into()
}

fn sum(lines: &[RatedLine]) -> Exact {
    lines
        .iter()
        .map(|line| line.amount.amount)
        .sum::<Decimal>()
        .into()
}

/// Credit, new fee, and both together.
fn change(old: &str, new: &str, period: &Period, on: &str, old_fee: OldFee) -> [Exact; 3] {
    let change = Change {
        period: period.clone(),
        on: day(on),
        old_fee,
        invoiced: Money::new(old.parse().unwrap(), usd()),
        credited: Decimal::ZERO,
    };
    let lines = fee(old).change_to(&fee(new), &change).unwrap();
    let [credit, charge] = &lines;
    [
        credit.amount.amount.into(),
        charge.amount.amount.into(),
        sum(&lines),
    ]
}

fn net_change(old: &str, new: &str, period: &Period, on: &str) -> [Exact; 1] {
    let [.., net] = change(old, new, period, on, OldFee::CreditUnusedDays);
    [net]
}

fn tax(rate: &str) -> Tax {
    Tax {
        code: "vat".to_owned(),
        name: "VAT".to_owned(),
        rate_percent: rate.parse().unwrap(),
    }
}

/// A fee for some days of January and its tax, added up.
fn started_on_the_8th() -> Exact {
    let january = period("2024-01-01", "2024-02-01");
    let net = part("50.00", &january, "2024-01-08", "2024-02-01");
    let taxes = levy(net.to_decimal().unwrap(), &[tax("20")], usd()).unwrap();
    net.plus(taxes[0].amount.amount.into()).unwrap()
}

/// Net, tax and total of a credit for all days of a period but its first.
fn terminated_on_day_0(amount: &str, period: &Period, rate: &str) -> [Exact; 3] {
    let unused = Days {
        from: period.first_day.tomorrow().unwrap(),
        until: period.end_day,
    };
    let credit = fee(amount).credit(period, unused, usd()).unwrap();
    let invoiced = Money::new(amount.parse().unwrap(), usd());
    note(&CreditNote::of_lines(&[credit], invoiced, &[tax(rate)]).unwrap())
}

fn note(note: &CreditNote) -> [Exact; 3] {
    let tax = note.taxes.iter().map(|tax| tax.amount.amount).sum::<Decimal>();
    [note.net.amount.into(), tax.into(), note.total.amount.into()]
}

fn credit_of(net: &str) -> [Exact; 3] {
    let left = Money::new("769".parse().unwrap(), usd());
    note(&CreditNote::of_amount(net.parse().unwrap(), left, &[tax("20")]).unwrap())
}

fn partial_credit() -> Exact {
    let [.., total] = credit_of("726.86");
    total
}

/// What is credited of a fee of 300 for its last days, if so much was invoiced for it and so much credited.
fn capped(period: &Period, on: &str, invoiced: &str, credited: &str) -> [Exact; 1] {
    let change = Change {
        period: period.clone(),
        on: day(on),
        old_fee: OldFee::CreditUnusedDays,
        invoiced: Money::new(invoiced.parse().unwrap(), usd()),
        credited: credited.parse().unwrap(),
    };
    let [credit, _] = fee("300").change_to(&fee("0"), &change).unwrap();
    [credit.exact]
}

/// The first, shorter period of an interval that goes on to another day.
fn stub(amount: &str, first_day: &str, until: &str, end_day: &str) -> [Exact; 1] {
    [part(amount, &period(first_day, end_day), first_day, until)]
}

pub(super) fn examples() -> Vec<Example> {
    let april = period("2024-04-01", "2024-05-01");
    let march = period("2024-03-01", "2024-04-01");
    let may = period("2022-05-01", "2022-06-01");
    let january = period("2025-01-01", "2025-02-01");
    let added = |amount| part(amount, &march, "2024-03-15", "2024-04-01");
    vec![
        example(
            "prorate-stripe",
            "docs.stripe.com/billing/subscriptions/prorations",
            "-5 10 5",
            change("10", "20", &april, "2024-04-16", OldFee::CreditUnusedDays),
        ),
        example(
            "prorate-autumn",
            "docs.useautumn.com proration",
            "15",
            net_change("20", "50", &april, "2024-04-16"),
        ),
        example("prorate-flex-up", FLEXPRICE, "-5.48 10.97 5.49", {
            change("10", "20", &march, "2024-03-15", OldFee::CreditUnusedDays)
        }),
        example("prorate-flex-down", FLEXPRICE, "-54.84 16.45 -38.39", {
            change("100", "30", &march, "2024-03-15", OldFee::CreditUnusedDays)
        }),
        example("prorate-flex-quantity", FLEXPRICE, "-27.42 54.84 27.42", {
            change("50", "100", &march, "2024-03-15", OldFee::CreditUnusedDays)
        }),
        example("prorate-flex-add", FLEXPRICE, "13.71", [added("25")]),
        example("prorate-flex-remove", FLEXPRICE, "21.94", [added("40")]),
        example(
            "prorate-flex-stub-annual",
            FLEXPRICE,
            "6.71",
            stub("10", "2026-03-02", "2026-11-02", "2027-03-02"),
        ),
        example(
            "prorate-flex-stub-monthly",
            FLEXPRICE,
            "14",
            stub("30", "2026-04-01", "2026-04-15", "2026-05-01"),
        ),
        example(
            "cap-flex-normal",
            FLEXPRICE,
            "-100",
            capped(&april, "2024-04-21", "200", "50"),
        ),
        example(
            "cap-flex-exceeds",
            FLEXPRICE,
            "-150",
            capped(&april, "2024-04-01", "200", "50"),
        ),
        example(
            "cap-flex-previous",
            FLEXPRICE,
            "-20",
            capped(&april, "2024-04-21", "200", "180"),
        ),
        example(
            "cap-flex-none-left",
            FLEXPRICE,
            "0",
            capped(&april, "2024-04-21", "200", "200"),
        ),
        example(
            "cap-flex-more-than-paid",
            FLEXPRICE,
            "0",
            capped(&april, "2024-04-21", "200", "250"),
        ),
        example(
            "cap-flex-nothing-paid",
            FLEXPRICE,
            "0",
            capped(&april, "2024-04-21", "0", "0"),
        ),
        example(
            "prorate-lago-start",
            LAGO_MINIMUM,
            "46.45",
            [started_on_the_8th()],
        ),
        example(
            "prorate-lago-quarter",
            LAGO_UPGRADE_PRORATION,
            "320",
            [part(
                "910.00",
                &period("2024-04-01", "2024-07-01"),
                "2024-05-20",
                "2024-06-21",
            )],
        ),
        example(
            "prorate-lago-yearly",
            LAGO_UPGRADE,
            "90.16",
            [part(
                "120.00",
                &period("2024-01-01", "2025-01-01"),
                "2024-04-01",
                "2025-01-01",
            )],
        ),
        example("prorate-lago-doc", LAGO_DOC, "-20 27.10 7.10", {
            change("20", "40", &may, "2022-05-11", OldFee::CreditInvoiced)
        }),
        example(
            "prorate-lago-arrears",
            LAGO_DOC,
            "45.16",
            [part("100", &january, "2025-01-01", "2025-01-15")],
        ),
        example(
            "prorate-mtcaptcha",
            "mtcaptcha.com faq-invoice-calculation-explained (120 from 16 January; 30 + this = 91.94)",
            "61.94",
            [part("120", &january, "2025-01-16", "2025-02-01")],
        ),
        example(
            "prorate-3scale",
            "access.redhat.com 3scale admin portal guide, 16.4.4.1 (200 to 300 in the middle)",
            "-100 150 50",
            change("200", "300", &april, "2024-04-16", OldFee::CreditUnusedDays),
        ),
        example("cn-lago-1", LAGO_ROUNDING, "193.33 48.33 241.66", {
            terminated_on_day_0("200.00", &april, "25")
        }),
        example("cn-lago-2", LAGO_ROUNDING, "154.67 38.67 193.34", {
            terminated_on_day_0("160.00", &april, "25")
        }),
        example(
            "cn-lago-rest",
            LAGO_ROUNDING,
            "42.14 8.43 50.57",
            credit_of("42.14"),
        ),
        example("cn-lago-3", LAGO_ROUNDING, "25.71 6.00 31.71", {
            terminated_on_day_0("29.99", &period("2024-04-01", "2024-04-08"), "23.33")
        }),
        example("cn-lago-partial", LAGO_ROUNDING, "872.23", [partial_credit()]),
    ]
}

#[test]
fn a_credit_note_gives_back_no_more_than_is_left_and_not_nothing() {
    let left = Money::new("10".parse().unwrap(), "USD".parse::<Currency>().unwrap());
    let refused = |net: &str| {
        CreditNote::of_amount(net.parse().unwrap(), left, &[])
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        refused("10.01"),
        "the credit of 10.01 is more than the 10 that is left of the invoice: ask for 10 at most"
    );
    assert_eq!(
        refused("0"),
        "a credit note gives back an amount above zero, not 0"
    );
}
