//! Events in, rows out.

use domain::invoice::{Bill, Event, Stage};
use domain::pricing::{CreditNote, Period};
use rust_decimal::Decimal;

use super::InvoiceList;
use crate::engine::rehearsal::{Story, money};

fn issued(total: &str) -> Event {
    let total: Decimal = total.parse().unwrap();
    let bill = Bill {
        subscription: "s1".to_owned(),
        customer: None,
        period: Period {
            first_day: "2026-10-01".parse().unwrap(),
            end_day: "2026-11-01".parse().unwrap(),
            zone: "UTC".parse().unwrap(),
        },
        stage: Stage::Closing,
        before: 0,
        counted_up_to: 7,
        currency: "USD".parse().unwrap(),
        lines: Vec::new(),
        subtotal: total,
        coupons: Vec::new(),
        discount: Decimal::ZERO,
        taxes: Vec::new(),
        tax: Decimal::ZERO,
        total,
        credits: Vec::new(),
        credits_drawn: Decimal::ZERO,
        due: total,
    };
    Event::Issued { bill: Box::new(bill) }
}

#[test]
fn an_invoice_shows_what_was_paid_given_back_and_disputed() {
    let at = "2026-11-01T00:00:00Z";
    let paid = Event::PaymentReceived {
        amount: money("60 USD"),
        left: money("40 USD"),
        reference: None,
        subscription: "s1".to_owned(),
    };
    let disputed = Event::LineDisputed {
        line: 2,
        code: "pages".to_owned(),
        amount: money("50 USD"),
        reason: "spam".to_owned(),
    };
    let credited = Event::Credited {
        credits: Vec::new(),
        number: 1,
        line: Some(2),
        amount: money("40 USD"),
        note: CreditNote {
            net: money("40 USD"),
            taxes: Vec::new(),
            total: money("40 USD"),
        },
        left: money("0 USD"),
        reason: "spam".to_owned(),
        subscription: "s1".to_owned(),
    };
    let settled = Event::DisputeSettled {
        line: 2,
        credit_note: Some(1),
        reason: "spam".to_owned(),
    };
    let row = Story::default()
        .then(at, "invoice.issued", "INV-000042", issued("100"))
        .then(at, "invoice.payment_received", "INV-000042", paid)
        .then(at, "invoice.line_disputed", "INV-000042", disputed)
        .then(at, "invoice.credited", "INV-000042", credited)
        .then(at, "invoice.dispute_settled", "INV-000042", settled)
        .row::<InvoiceList>();
    assert_eq!((row.number, row.status.as_str()), (42, "paid"));
    assert_eq!((row.paid, row.credited), (60.into(), 40.into()));
    assert_eq!(row.outstanding, Decimal::ZERO);
    assert_eq!(row.last_day, "2026-10-31".parse().unwrap());
    let dispute = &row.disputes[0];
    assert_eq!((dispute.line, dispute.status.as_str()), (2, "credited"));
    assert_eq!(dispute.credit_note.as_deref(), Some("INV-000042-C1"));
    assert_eq!(row.credit_notes[0].number, "INV-000042-C1");
}

#[test]
fn a_void_invoice_asks_for_nothing() {
    let at = "2026-11-01T00:00:00Z";
    let voided = Event::Voided {
        reason: "wrong".to_owned(),
        total: money("100 USD"),
        subscription: "s1".to_owned(),
    };
    let row = Story::default()
        .then(at, "invoice.issued", "INV-000001", issued("100"))
        .then(at, "invoice.voided", "INV-000001", voided)
        .row::<InvoiceList>();
    assert_eq!((row.status.as_str(), row.outstanding), ("void", Decimal::ZERO));
    assert_eq!(row.voided_position, Some(2));
}
