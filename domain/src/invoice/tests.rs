//! Given what happened, when something is asked, then this follows.

use rust_decimal::Decimal;

use super::{Bill, BillLine, Command, Corrected, Event, Invoice, InvoiceId, LineDifference, Refusal, Stage};
use crate::Money;
use crate::given::{money, when};
use crate::pricing::{
    Basis, CreditNote, Days, Exact, LineKind, Period, RatedCoupon, RatedLine, RatedTax, RatedTier,
};

pub(super) const NOW: &str = "2026-11-01T09:00:00Z";

pub(super) fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn period(first: &str, end: &str) -> Period {
    Period {
        first_day: first.parse().unwrap(),
        end_day: end.parse().unwrap(),
        zone: "Europe/Berlin".parse().unwrap(),
    }
}

fn line(code: &str, kind: LineKind, amount: &str) -> BillLine {
    let exact: Exact = decimal(amount).into();
    BillLine {
        rated: RatedLine {
            code: code.to_owned(),
            kind,
            meter: Some("pages".to_owned()),
            unit: Some("page".to_owned()),
            outcome: None,
            days: Some(Days {
                from: "2026-10-01".parse().unwrap(),
                until: "2026-11-01".parse().unwrap(),
            }),
            quantity: exact,
            tiers: vec![RatedTier::part(Basis::Units, exact, Exact::ONE).unwrap()],
            exact,
            amount: Money::new(decimal(amount), "EUR".parse().unwrap()),
        },
        meter_version: Some(1),
        counted_after: 0,
        corrects: None,
    }
}

/// 100 of usage and a correction of 20 for September, a tenth off, 20 per cent tax: 129.60.
pub(super) fn bill() -> Bill {
    let mut late = line("pages", LineKind::Correction, "20.00");
    late.counted_after = 40;
    late.corrects = Some(Corrected {
        invoice: "INV-000001".to_owned(),
        kind: LineKind::Usage,
        period: period("2026-09-01", "2026-10-01"),
    });
    Bill {
        subscription: "s1".to_owned(),
        customer: Some("acme".to_owned()),
        period: period("2026-10-01", "2026-11-01"),
        stage: Stage::Closing,
        before: 1,
        counted_up_to: 77,
        currency: "EUR".parse().unwrap(),
        lines: vec![line("pages", LineKind::Usage, "100.00"), late],
        subtotal: decimal("120.00"),
        coupons: vec![RatedCoupon {
            code: "tenth".to_owned(),
            base: decimal("120.00"),
            exact: decimal("12").into(),
            amount: money("12.00 EUR"),
            corrects: None,
        }],
        discount: decimal("12.00"),
        taxes: vec![RatedTax {
            code: "vat".to_owned(),
            rate_percent: decimal("20"),
            base: money("108.00 EUR"),
            exact: decimal("21.6").into(),
            amount: money("21.60 EUR"),
            corrects: None,
        }],
        tax: decimal("21.60"),
        total: decimal("129.60"),
        credits: Vec::new(),
        credits_drawn: Decimal::ZERO,
        due: decimal("129.60"),
    }
}

fn issued() -> Event {
    Event::Issued {
        bill: Box::new(bill()),
    }
}

fn received() -> Event {
    Event::PaymentReceived {
        amount: money("100.00 EUR"),
        left: money("29.60 EUR"),
        reference: Some("bank-7".to_owned()),
        subscription: "s1".to_owned(),
    }
}

fn voided() -> Event {
    Event::Voided {
        reason: "wrong customer".to_owned(),
        total: money("129.60 EUR"),
        subscription: "s1".to_owned(),
    }
}

pub(super) fn credited(number: u32, line: Option<u32>) -> Event {
    Event::Credited {
        number,
        line,
        amount: money("60.00 EUR"),
        note: CreditNote {
            net: money("54.00 EUR"),
            taxes: vec![RatedTax {
                code: "vat".to_owned(),
                rate_percent: decimal("20"),
                base: money("54.00 EUR"),
                exact: decimal("10.8").into(),
                amount: money("10.80 EUR"),
                corrects: None,
            }],
            total: money("64.80 EUR"),
        },
        credits: Vec::new(),
        left: money("64.80 EUR"),
        reason: "half of it was spam".to_owned(),
        subscription: "s1".to_owned(),
    }
}

fn disputed() -> Event {
    Event::LineDisputed {
        line: 1,
        code: "pages".to_owned(),
        amount: money("100.00 EUR"),
        reason: "half of it was spam".to_owned(),
    }
}

fn settled(credit_note: Option<u32>) -> Event {
    Event::DisputeSettled {
        line: 1,
        credit_note,
        reason: "half of it was spam".to_owned(),
    }
}

fn difference() -> (Money, Vec<LineDifference>) {
    let line = LineDifference {
        code: "pages".to_owned(),
        line: 1,
        issued: Some(money("100.00 EUR")),
        folded: Some(money("90.00 EUR")),
    };
    (money("117.60 EUR"), vec![line])
}

fn found() -> Event {
    let (folded, lines) = difference();
    Event::DifferenceFound {
        issued: money("129.60 EUR"),
        folded,
        lines,
        counted_up_to: 77,
    }
}

/// One of each event, for the committed snapshots.
pub(crate) fn examples() -> Vec<Event> {
    vec![
        issued(),
        received(),
        voided(),
        credited(1, Some(1)),
        disputed(),
        settled(Some(1)),
        found(),
    ]
}

pub(super) fn issue(bill: Bill) -> Command {
    Command::Issue { bill: Box::new(bill) }
}

fn pay(amount: &str) -> Command {
    Command::ReceivePayment {
        amount: money(amount),
        reference: Some("bank-7".to_owned()),
    }
}

fn void() -> Command {
    Command::Void {
        reason: "wrong customer".to_owned(),
    }
}

pub(super) fn credit(line: Option<u32>, amount: &str) -> Command {
    Command::Credit {
        line,
        amount: money(amount),
        reason: "half of it was spam".to_owned(),
    }
}

#[test]
fn a_number_is_given_once_and_the_bill_must_add_up() {
    when::<Invoice>(vec![], NOW, issue(bill())).then_expect_events(vec![issued()]);
    when::<Invoice>(vec![issued()], NOW, issue(bill())).then_expect_error(Refusal::AlreadyIssued);
    for wrong in [
        Bill {
            subtotal: decimal("120.01"),
            ..bill()
        },
        Bill {
            total: decimal("129.61"),
            ..bill()
        },
        Bill {
            due: decimal("129.59"),
            ..bill()
        },
        Bill {
            currency: "USD".parse().unwrap(),
            ..bill()
        },
        Bill {
            discount: decimal("11"),
            ..bill()
        },
    ] {
        when::<Invoice>(vec![], NOW, issue(wrong)).then_expect_error(Refusal::DoesNotAddUp);
    }
    when::<Invoice>(vec![], NOW, pay("1 EUR")).then_expect_error(Refusal::NotFound);
}

#[test]
fn numbers_are_written_one_way_only() {
    assert_eq!(InvoiceId::of_number(42).as_str(), "INV-000042");
    assert_eq!(InvoiceId::of_number(1_234_567).as_str(), "INV-1234567");
    assert_eq!("INV-1234567".parse::<InvoiceId>().unwrap().number(), 1_234_567);
    assert_eq!(InvoiceId::of_platform_number(42).as_str(), "PINV-000042");
    assert_eq!("PINV-000042".parse::<InvoiceId>().unwrap().number(), 42);
    for wrong in [
        "PPINV-000042",
        "INV-42",
        "INV-000000",
        "INV-0000042",
        "INV-+00042",
        "inv-000042",
        "000042",
    ] {
        assert!(wrong.parse::<InvoiceId>().is_err(), "{wrong}");
    }
}

#[test]
fn payments_come_in_parts_and_never_more_than_is_left() {
    when::<Invoice>(vec![issued()], NOW, pay("100.00 EUR")).then_expect_events(vec![received()]);
    when::<Invoice>(vec![issued(), received()], NOW, pay("29.61 EUR"))
        .then_expect_error_message("amount: 29.61 EUR is more than the 29.60 EUR that is left to be paid");
    when::<Invoice>(vec![issued()], NOW, pay("0 EUR"))
        .then_expect_error(Refusal::NotPositive(money("0 EUR")));
    when::<Invoice>(vec![issued()], NOW, pay("0.005 EUR"))
        .then_expect_error(Refusal::TooFine(money("0.005 EUR")));
    when::<Invoice>(vec![issued()], NOW, pay("1 USD"))
        .then_expect_error_message("amount: 1 USD is in USD, not in EUR");
}

#[test]
fn only_an_untouched_invoice_can_be_void_and_then_nothing_more_happens_to_it() {
    when::<Invoice>(vec![issued()], NOW, void()).then_expect_events(vec![voided()]);
    for touched in [received(), credited(1, None)] {
        when::<Invoice>(vec![issued(), touched], NOW, void()).then_expect_error(Refusal::NotUntouched);
    }
    for command in [void(), pay("1 EUR"), credit(None, "1 EUR")] {
        when::<Invoice>(vec![issued(), voided()], NOW, command).then_expect_error(Refusal::Void);
    }
}

#[test]
fn a_credit_note_gives_back_its_share_of_coupons_and_taxes_and_never_more_than_the_line() {
    when::<Invoice>(vec![issued()], NOW, credit(Some(1), "60.00 EUR"))
        .then_expect_events(vec![credited(1, Some(1))]);
    when::<Invoice>(
        vec![issued(), credited(1, Some(1))],
        NOW,
        credit(Some(1), "40.01 EUR"),
    )
    .then_expect_error_message("amount: 40.01 EUR is more than the 40.00 EUR that is left of line 1");
    when::<Invoice>(vec![issued(), credited(1, Some(1))], NOW, credit(None, "60.01 EUR")).then_expect_error_message(
        "amount: the credit of 60.01 is more than the 60.00 that is left of the invoice: ask for 60.00 at most",
    );
    when::<Invoice>(vec![issued()], NOW, credit(Some(3), "1 EUR")).then_expect_error(Refusal::NoLine(3));
}

#[test]
fn a_dispute_ends_with_a_credit_note_or_without() {
    let dispute = || Command::DisputeLine {
        line: 1,
        reason: "half of it was spam".to_owned(),
    };
    let settle = |credit: Option<&str>| Command::SettleDispute {
        line: 1,
        credit: credit.map(money),
        reason: "half of it was spam".to_owned(),
    };
    when::<Invoice>(vec![issued()], NOW, dispute()).then_expect_events(vec![disputed()]);
    when::<Invoice>(vec![issued(), disputed()], NOW, dispute())
        .then_expect_error(Refusal::AlreadyDisputed(1));
    when::<Invoice>(vec![issued()], NOW, settle(None)).then_expect_error(Refusal::NotDisputed(1));
    when::<Invoice>(vec![issued(), disputed()], NOW, settle(Some("60.00 EUR")))
        .then_expect_events(vec![credited(1, Some(1)), settled(Some(1))]);
    when::<Invoice>(vec![issued(), disputed()], NOW, settle(None)).then_expect_events(vec![settled(None)]);
    when::<Invoice>(vec![issued(), disputed(), settled(None)], NOW, settle(None))
        .then_expect_error(Refusal::NotDisputed(1));
}

#[test]
fn the_same_difference_is_reported_once() {
    let (folded, lines) = difference();
    let report = || Command::ReportDifference {
        folded,
        lines: lines.clone(),
    };
    when::<Invoice>(vec![issued()], NOW, report()).then_expect_events(vec![found()]);
    when::<Invoice>(vec![issued(), found()], NOW, report()).then_expect_error(Refusal::AlreadyReported);
}
