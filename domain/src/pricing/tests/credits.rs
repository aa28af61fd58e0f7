//! Credits are drawn in order, expire, come back, and refuse what makes no sense.

use jiff::Timestamp;

use crate::pricing::examples::build::{currency, decimal, usd};
use crate::pricing::{CreditLedger, Grant, Movement};

fn day(number: i64) -> Timestamp {
    Timestamp::from_second(number * 86_400).unwrap()
}

fn grant(id: &str, amount: &str, priority: u8, expires: Option<i64>) -> Grant {
    Grant {
        id: id.to_owned(),
        amount: decimal(amount),
        priority,
        granted_at: day(0),
        expires_at: expires.map(day),
    }
}

fn ledger(grants: Vec<Grant>) -> CreditLedger {
    let mut ledger = CreditLedger::new(usd());
    for grant in grants {
        ledger.grant(grant).unwrap();
    }
    ledger
}

/// Grants and amounts of the entries of one kind.
fn moved(ledger: &CreditLedger, movement: Movement) -> Vec<(String, String)> {
    let entries = ledger.entries().iter().filter(|entry| entry.movement == movement);
    entries
        .map(|entry| (entry.grant.clone(), entry.amount.to_string()))
        .collect()
}

fn rows(rows: &[(&str, &str)]) -> Vec<(String, String)> {
    rows.iter()
        .map(|(grant, amount)| ((*grant).to_owned(), (*amount).to_owned()))
        .collect()
}

#[test]
fn credits_are_drawn_by_priority_then_by_expiry() {
    let mut ledger = ledger(vec![
        grant("bought", "10", 1, None),
        grant("given-late", "10", 0, Some(20)),
        grant("given-soon", "10", 0, Some(10)),
    ]);
    assert_eq!(
        ledger.draw(decimal("25"), day(1), "INV-1").unwrap().amount,
        decimal("25")
    );
    let expected = rows(&[("given-soon", "-10"), ("given-late", "-10"), ("bought", "-5")]);
    assert_eq!(moved(&ledger, Movement::Drawn), expected);
    assert_eq!(
        ledger.draw(decimal("25"), day(1), "INV-2").unwrap().amount,
        decimal("5")
    );
    assert_eq!(ledger.balance().amount, decimal("0"));
}

#[test]
fn a_lower_priority_is_drawn_first_even_if_it_never_expires() {
    let mut ledger = ledger(vec![
        grant("soon", "10", 1, Some(2)),
        grant("first", "10", 0, None),
    ]);
    ledger.draw(decimal("15"), day(1), "INV-1").unwrap();
    assert_eq!(
        moved(&ledger, Movement::Drawn),
        rows(&[("first", "-10"), ("soon", "-5")])
    );
}

#[test]
fn what_is_left_expires_on_its_instant_and_cannot_be_drawn() {
    let mut ledger = ledger(vec![grant("given", "10", 0, Some(10))]);
    assert_eq!(ledger.available(day(9)).amount, decimal("10"));
    assert_eq!(ledger.available(day(10)).amount, decimal("0"));
    assert_eq!(
        ledger.draw(decimal("4"), day(9), "INV-1").unwrap().amount,
        decimal("4")
    );
    assert_eq!(
        ledger.draw(decimal("4"), day(12), "INV-2").unwrap().amount,
        decimal("0")
    );
    assert_eq!(moved(&ledger, Movement::Expired), rows(&[("given", "-6")]));
    assert_eq!(ledger.entries().last().unwrap().at, day(10));
}

#[test]
fn a_void_invoice_gives_back_what_it_drew_once() {
    let mut ledger = ledger(vec![grant("a", "10", 0, Some(10)), grant("b", "10", 1, None)]);
    ledger.draw(decimal("15"), day(1), "INV-1").unwrap();
    assert_eq!(ledger.give_back("INV-1", day(20)).unwrap().amount, decimal("15"));
    assert_eq!(
        moved(&ledger, Movement::GivenBack),
        rows(&[("a", "10"), ("b", "5")])
    );
    assert_eq!(moved(&ledger, Movement::Expired), rows(&[("a", "-10")]));
    assert_eq!(ledger.balance().amount, decimal("10"));
    assert_eq!(ledger.give_back("INV-1", day(20)).unwrap().amount, decimal("0"));
}

#[test]
fn what_makes_no_sense_is_refused_with_the_reason() {
    let mut ledger = ledger(vec![grant("a", "10", 0, None)]);
    let refused = |ledger: &mut CreditLedger, grant: Grant| ledger.grant(grant).unwrap_err().to_string();
    assert_eq!(
        refused(&mut ledger, grant("a", "1", 0, None)),
        "there is a grant \"a\" already: give this one another id"
    );
    assert_eq!(
        refused(&mut ledger, grant("b", "-1", 0, None)),
        "the amount -1 is not above zero: name how much is to move"
    );
    assert_eq!(
        refused(&mut ledger, grant("b", "0.001", 0, None)),
        "the amount 0.001 has more decimal places than USD: round it first"
    );
    assert!(refused(&mut ledger, grant("b", "1", 0, Some(0))).contains("expires before it is granted"));
    ledger.draw(decimal("1"), day(5), "INV-1").unwrap();
    assert!(refused(&mut ledger, grant("c", "1", 0, None)).contains("lies before the last one"));
    let mut yen = CreditLedger::new(currency("JPY"));
    assert!(refused(&mut yen, grant("a", "1.5", 0, None)).contains("more decimal places than JPY"));
}
