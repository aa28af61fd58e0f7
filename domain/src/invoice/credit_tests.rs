//! Given an invoice that credits paid in part, when some of it is given back, then they are there again.

use rust_decimal::Decimal;

use super::tests::{NOW, bill, credit, credited, decimal, issue};
use super::{Bill, Event, Invoice, Refusal};
use crate::given::{money, when};
use crate::pricing::CreditPart;

/// The same bill, of which credits paid all but 29.60.
fn drawn() -> Bill {
    let part = |grant: &str, amount: &str| CreditPart {
        grant: grant.to_owned(),
        amount: decimal(amount),
    };
    Bill {
        credits: vec![part("gift", "40.00"), part("bought", "60.00")],
        credits_drawn: decimal("100.00"),
        due: decimal("29.60"),
        ..bill()
    }
}

#[test]
fn a_credit_note_takes_off_what_is_left_to_be_paid_then_gives_back_what_credits_paid() {
    let issued = || Event::Issued {
        bill: Box::new(drawn()),
    };
    let part = |grant: &str, amount: &str| CreditPart {
        grant: grant.to_owned(),
        amount: decimal(amount),
    };
    // 64.80 with its tax: 29.60 was left, and 35.20 goes back.
    let first = || {
        let Event::Credited {
            number,
            line,
            amount,
            note,
            reason,
            subscription,
            ..
        } = credited(1, None)
        else {
            unreachable!()
        };
        Event::Credited {
            credits: vec![part("bought", "35.20")],
            left: money("0.00 EUR"),
            number,
            line,
            amount,
            note,
            reason,
            subscription,
        }
    };
    when::<Invoice>(vec![issued()], NOW, credit(None, "60.00 EUR")).then_expect_events(vec![first()]);
    // The other half: what is left of the one that was drawn last, then the one before.
    let second = || {
        let Event::Credited {
            line,
            amount,
            mut note,
            reason,
            subscription,
            ..
        } = credited(2, None)
        else {
            unreachable!()
        };
        // Taxes are worked out on all that was credited, so that halves add up.
        note.taxes[0].exact = decimal("21.6").into();
        Event::Credited {
            credits: vec![part("bought", "24.80"), part("gift", "40.00")],
            left: money("0.00 EUR"),
            number: 2,
            line,
            amount,
            note,
            reason,
            subscription,
        }
    };
    when::<Invoice>(vec![issued(), first()], NOW, credit(None, "60.00 EUR"))
        .then_expect_events(vec![second()]);
    let wrong = |change: fn(&mut Bill)| {
        let mut bill = drawn();
        change(&mut bill);
        when::<Invoice>(vec![], NOW, issue(bill)).then_expect_error(Refusal::DoesNotAddUp);
    };
    wrong(|bill| bill.credits[0].amount = decimal("41.00"));
    wrong(|bill| bill.credits_drawn = decimal("99.00"));
    wrong(|bill| {
        bill.credits.push(CreditPart {
            grant: "x".to_owned(),
            amount: Decimal::ZERO,
        })
    });
}
