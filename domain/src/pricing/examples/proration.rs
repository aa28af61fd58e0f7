//! Proration by day: starts, changes, ends and trials.

use rust_decimal::Decimal;

use super::account::{Account, day};
use super::build::{arrears, coupon, decimal, fee, lago, price, tax, version};
use super::{Example, example};
use crate::invoice::Stage;
use crate::pricing::{
    Anchor, CreditNote, Discount, Downgrade, Exact, Interval, InvoicedPart, LineKind, OldFees, Period,
    PlanChanges, PlanVersion,
};
use crate::tenant::Zone;

const LAGO_UPGRADE: &str = lago!("scenarios/subscriptions/upgrade_spec.rb");
const LAGO_UPGRADE_PRORATION: &str = lago!("scenarios/subscriptions/upgrade_proration_spec.rb");
const LAGO_ROUNDING: &str = lago!("scenarios/credit_notes/credit_note_rounding_spec.rb");
const LAGO_DOC: &str = "getlago docs plans/upgrades-downgrades";
const LAGO_MINIMUM: &str = lago!("scenarios/spending_minimum_spec.rb");
const FLEXPRICE: &str = "flexprice/flexprice@e4b5303f internal/domain/proration/calculator_test.go";

pub(in crate::pricing) fn period(first_day: &str, end_day: &str) -> Period {
    Period {
        first_day: day(first_day),
        end_day: day(end_day),
        zone: Zone::utc(),
    }
}

fn plan(amount: &str, interval: Interval) -> PlanVersion {
    PlanVersion {
        interval,
        ..version(vec![fee(amount)], vec![])
    }
}

/// The bill of a period in which the subscription runs from one day up to another.
fn part(amount: &str, interval: Interval, (from, until): (&str, &str)) -> [Exact; 1] {
    let mut account = Account::start(plan(amount, interval), from);
    account.end(until);
    [account.bill(from, Stage::Closing).total.into()]
}

/// The same with periods that begin on the subscription's first day.
fn stub(amount: &str, interval: Interval, (from, until): (&str, &str)) -> [Exact; 1] {
    let plan = PlanVersion {
        anchor: Anchor::Anniversary,
        ..plan(amount, interval)
    };
    let mut account = Account::start(plan, from);
    account.end(until);
    [account.bill(from, Stage::Closing).total.into()]
}

/// The period's fee is invoiced at its begin, then the plan is changed in the middle of it: credit, new fee, and both
/// together.
fn change((old, new): (&str, &str), on: &str, changes: PlanChanges) -> [Exact; 3] {
    let old = PlanVersion {
        changes,
        ..plan(old, Interval::Monthly)
    };
    let mut account = Account::start(old, "2020-01-01");
    account.bill(on, Stage::Opening);
    account.change(plan(new, Interval::Monthly), on);
    let invoice = account.bill(on, Stage::Closing);
    let [credit, fee] = &invoice.lines[..] else {
        panic!("two lines: {:?}", invoice.lines)
    };
    assert_eq!((credit.kind, fee.kind), (LineKind::Correction, LineKind::Fee));
    [credit.amount.amount, fee.amount.amount, invoice.total].map(Exact::from)
}

fn upgrade(old: &str, new: &str, on: &str) -> [Exact; 3] {
    change((old, new), on, PlanChanges::default())
}

/// What is given back of an invoiced fee when the subscription ends.
fn removed(amount: &str, on: &str) -> [Exact; 1] {
    let mut account = Account::start(plan(amount, Interval::Monthly), "2020-01-01");
    account.bill(on, Stage::Opening);
    account.end(on);
    [Exact::from(account.bill(on, Stage::Closing).total).negated()]
}

/// A fee for some days of January and its tax, added up.
fn started_on_the_8th() -> Exact {
    let mut account =
        Account::start(plan("50.00", Interval::Monthly), "2024-01-08").with_taxes(vec![tax("20")]);
    account.bill("2024-01-08", Stage::Opening).total.into()
}

/// Net, tax and total of what is given back when a subscription ends on its second day. A credit note for it and the bill
/// that corrects the fee say the same.
fn terminated_on_day_0(amount: &str, interval: Interval, rate: &str) -> [Exact; 3] {
    let mut account = Account::start(plan(amount, interval), "2024-04-01").with_taxes(vec![tax(rate)]);
    let invoice = account.bill("2024-04-01", Stage::Opening);
    account.end("2024-04-02");
    let correction = account.bill("2024-04-01", Stage::Closing);
    let part = InvoicedPart {
        amount: -correction.subtotal,
        before: Decimal::ZERO,
    };
    let note = CreditNote::of_invoice(&invoice, part).unwrap();
    assert_eq!(note.total.amount, -correction.total);
    told(&note)
}

fn told(note: &CreditNote) -> [Exact; 3] {
    let tax = note.taxes.iter().map(|tax| tax.amount.amount).sum::<Decimal>();
    [note.net.amount, tax, note.total.amount].map(Exact::from)
}

/// An invoice of 769.00 and a tax of 20 per cent that is given back in two parts.
fn given_back_in_parts() -> [[Exact; 3]; 2] {
    let mut account =
        Account::start(plan("769", Interval::Monthly), "2020-01-01").with_taxes(vec![tax("20")]);
    let invoice = account.bill("2024-04-01", Stage::Opening);
    let mut note = |amount: &str, before: &str| {
        let part = InvoicedPart {
            amount: amount.parse().unwrap(),
            before: before.parse().unwrap(),
        };
        told(&account.give_back(&invoice, part).unwrap())
    };
    [note("726.86", "0"), note("42.14", "726.86")]
}

/// What is credited of a fee of 300 for its last days, if a coupon had made it cheaper, and credit notes gave back so much
/// of it before.
fn capped(off: &str, on: &str, given_back: &str) -> [Exact; 1] {
    let april = "2024-04-01";
    let mut account = Account::start(plan("300", Interval::Monthly), "2020-01-01");
    if off != "0" {
        account.coupons = vec![coupon("off", Discount::Amount(price(off)), &[])];
    }
    let invoice = account.bill(april, Stage::Opening);
    let given_back = decimal(given_back);
    if !given_back.is_zero() {
        let part = InvoicedPart {
            amount: given_back * invoice.subtotal / invoice.total,
            before: Decimal::ZERO,
        };
        let note = account.give_back(&invoice, part).unwrap();
        assert_eq!(note.total.amount, given_back);
    }
    account.end(on);
    [account.bill(april, Stage::Closing).total.into()]
}

fn changes() -> Vec<Example> {
    let at_once = PlanChanges {
        downgrade: Downgrade::AtOnce,
        ..PlanChanges::default()
    };
    let all_invoiced = PlanChanges {
        old_fees: OldFees::CreditInvoiced,
        ..PlanChanges::default()
    };
    let [.., autumn] = upgrade("20", "50", "2024-04-16");
    vec![
        example(
            "prorate-stripe",
            "docs.stripe.com/billing/subscriptions/prorations",
            "-5 10 5",
            upgrade("10", "20", "2024-04-16"),
        ),
        example("prorate-autumn", "docs.useautumn.com proration", "15", [autumn]),
        example(
            "prorate-flex-up",
            FLEXPRICE,
            "-5.48 10.97 5.49",
            upgrade("10", "20", "2024-03-15"),
        ),
        example(
            "prorate-flex-down",
            FLEXPRICE,
            "-54.84 16.45 -38.39",
            change(("100", "30"), "2024-03-15", at_once),
        ),
        example(
            "prorate-flex-quantity",
            FLEXPRICE,
            "-27.42 54.84 27.42",
            upgrade("50", "100", "2024-03-15"),
        ),
        example(
            "prorate-lago-doc",
            LAGO_DOC,
            "-20 27.10 7.10",
            change(("20", "40"), "2022-05-11", all_invoiced),
        ),
        example(
            "prorate-3scale",
            "access.redhat.com 3scale admin portal guide, 16.4.4.1 (200 to 300 in the middle)",
            "-100 150 50",
            upgrade("200", "300", "2024-04-16"),
        ),
    ]
}

fn parts_of_a_period() -> Vec<Example> {
    use Interval::{Monthly, Quarterly, Yearly};
    vec![
        example(
            "prorate-flex-add",
            FLEXPRICE,
            "13.71",
            part("25", Monthly, ("2024-03-15", "2024-04-01")),
        ),
        example(
            "prorate-flex-remove",
            FLEXPRICE,
            "21.94",
            removed("40", "2024-03-15"),
        ),
        example(
            "prorate-flex-stub-annual",
            FLEXPRICE,
            "6.71",
            stub("10", Yearly, ("2026-03-02", "2026-11-02")),
        ),
        example(
            "prorate-flex-stub-monthly",
            FLEXPRICE,
            "14",
            stub("30", Monthly, ("2026-04-01", "2026-04-15")),
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
            part("910.00", Quarterly, ("2024-05-20", "2024-06-21")),
        ),
        example(
            "prorate-lago-yearly",
            LAGO_UPGRADE,
            "90.16",
            part("120.00", Yearly, ("2024-04-01", "2025-01-01")),
        ),
        example("prorate-lago-arrears", LAGO_DOC, "45.16", {
            let mut account = Account::start(version(vec![arrears("100")], vec![]), "2020-01-01");
            account.end("2025-01-15");
            [account.bill("2025-01-01", Stage::Closing).total.into()]
        }),
        example(
            "prorate-mtcaptcha",
            "mtcaptcha.com faq-invoice-calculation-explained (120 from 16 January; 30 + this = 91.94)",
            "61.94",
            part("120", Monthly, ("2025-01-16", "2025-02-01")),
        ),
    ]
}

fn credits() -> Vec<Example> {
    let [partial, rest] = given_back_in_parts();
    let [.., partial] = partial;
    vec![
        example(
            "cap-flex-normal",
            FLEXPRICE,
            "-100",
            capped("100", "2024-04-21", "50"),
        ),
        example(
            "cap-flex-exceeds",
            FLEXPRICE,
            "-150",
            capped("100", "2024-04-01", "50"),
        ),
        example(
            "cap-flex-previous",
            FLEXPRICE,
            "-20",
            capped("100", "2024-04-21", "180"),
        ),
        example(
            "cap-flex-none-left",
            FLEXPRICE,
            "0",
            capped("100", "2024-04-21", "200"),
        ),
        example(
            "cap-flex-nothing-paid",
            FLEXPRICE,
            "0",
            capped("300", "2024-04-21", "0"),
        ),
        example("cn-lago-1", LAGO_ROUNDING, "193.33 48.33 241.66", {
            terminated_on_day_0("200.00", Interval::Monthly, "25")
        }),
        example("cn-lago-2", LAGO_ROUNDING, "154.67 38.67 193.34", {
            terminated_on_day_0("160.00", Interval::Monthly, "25")
        }),
        example("cn-lago-rest", LAGO_ROUNDING, "42.14 8.43 50.57", rest),
        example("cn-lago-3", LAGO_ROUNDING, "25.71 6.00 31.71", {
            terminated_on_day_0("29.99", Interval::Weekly, "23.33")
        }),
        example("cn-lago-partial", LAGO_ROUNDING, "872.23", [partial]),
    ]
}

pub(super) fn examples() -> Vec<Example> {
    [changes(), parts_of_a_period(), credits()]
        .into_iter()
        .flatten()
        .collect()
}

/// Flexprice's calculator credits nothing when more was given back than paid; here no credit note can do that.
#[test]
fn a_credit_note_gives_back_no_more_than_is_left_and_not_nothing() {
    let mut account = Account::start(plan("10", Interval::Monthly), "2020-01-01");
    let invoice = account.bill("2024-04-01", Stage::Opening);
    let mut refused = |amount: &str, before: &str| {
        let part = InvoicedPart {
            amount: amount.parse().unwrap(),
            before: before.parse().unwrap(),
        };
        account.give_back(&invoice, part).unwrap_err().to_string()
    };
    assert_eq!(
        refused("4.01", "6"),
        "the credit of 4.01 is more than the 4.00 that is left of the invoice: ask for 4.00 at most"
    );
    assert_eq!(
        refused("0", "0"),
        "a credit note gives back an amount above zero, not 0"
    );
}
