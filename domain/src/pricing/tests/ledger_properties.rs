//! What holds for a ledger of credits after any movements.

use std::collections::BTreeMap;

use jiff::Timestamp;
use proptest::prelude::*;
use rust_decimal::Decimal;

use crate::pricing::examples::build::usd;
use crate::pricing::{CreditLedger, CreditPart, Grant, Movement};

#[derive(Clone, Debug)]
enum Step {
    Grant(i64, u8, Option<i64>),
    Draw(i64, u8),
    GiveBack(u8),
}

fn steps() -> impl Strategy<Value = Vec<(i64, Step)>> {
    let step = prop_oneof![
        (1..10_000_i64, 0..3_u8, prop::option::of(1..50_i64))
            .prop_map(|(cents, p, days)| Step::Grant(cents, p, days)),
        (1..15_000_i64, 0..5_u8).prop_map(|(cents, invoice)| Step::Draw(cents, invoice)),
        (0..5_u8).prop_map(Step::GiveBack),
    ];
    prop::collection::vec((0..10_i64, step), 1..40)
}

proptest! {
    #[test]
    fn a_ledger_is_never_below_zero_and_every_entry_adds_up(steps in steps()) {
        let mut ledger = CreditLedger::new(usd());
        let mut now = 0;
        let (mut drawn, mut returned) = (Decimal::ZERO, Decimal::ZERO);
        for (index, (later, step)) in steps.into_iter().enumerate() {
            now += later;
            let at = Timestamp::from_second(now * 86_400).unwrap();
            match step {
                Step::Grant(cents, priority, days) => ledger.grant(Grant {
                    id: format!("grant-{index}"),
                    amount: Decimal::new(cents, 2),
                    priority,
                    granted_at: at,
                    expires_at: days.map(|days| Timestamp::from_second((now + days) * 86_400).unwrap()),
                }).unwrap(),
                Step::Draw(cents, invoice) => {
                    let available = ledger.available(at).amount;
                    let up_to = Decimal::new(cents, 2);
                    let part = ledger.draw(up_to, at, &format!("INV-{invoice}")).unwrap().amount;
                    prop_assert_eq!(part, up_to.min(available));
                    drawn += part;
                }
                Step::GiveBack(invoice) => {
                    returned += ledger.give_back(&format!("INV-{invoice}"), at).unwrap().amount;
                    let again = ledger.give_back(&format!("INV-{invoice}"), at).unwrap();
                    prop_assert!(again.amount.is_zero());
                }
            }
        }
        let mut left: BTreeMap<&str, Decimal> = BTreeMap::new();
        let mut balance = Decimal::ZERO;
        let mut last = Timestamp::MIN;
        for entry in ledger.entries() {
            balance += entry.amount;
            let of_grant = left.entry(&entry.grant).or_default();
            *of_grant += entry.amount;
            prop_assert_eq!((entry.left, entry.balance), (*of_grant, balance));
            prop_assert!(*of_grant >= Decimal::ZERO && balance >= Decimal::ZERO);
            prop_assert!(last <= entry.at, "entries come in order of time");
            last = entry.at;
        }
        prop_assert_eq!(ledger.balance().amount, balance);
        // Whoever takes in what was decided, in its order, has the same ledger.
        let mut again = CreditLedger::new(usd());
        for moved in ledger.entries().chunk_by(|one, other| {
            (one.at, one.movement, &one.invoice) == (other.at, other.movement, &other.invoice)
        }) {
            let (at, invoice) = (moved[0].at, moved[0].invoice.clone().unwrap_or_default());
            let parts: Vec<CreditPart> = moved.iter().map(|entry| CreditPart {
                grant: entry.grant.clone(),
                amount: entry.amount.abs(),
            }).collect();
            match moved[0].movement {
                Movement::Granted => for entry in moved {
                    let (grant, _) = ledger.grants().find(|(grant, _)| grant.id == entry.grant).unwrap();
                    again.take_grant(grant.clone());
                },
                Movement::Drawn => again.take_draw(&parts, at, &invoice),
                Movement::GivenBack => again.take_void(at, &invoice),
                Movement::Expired => {}
            }
        }
        again.expire(last);
        prop_assert_eq!(again.balance(), ledger.balance());
        prop_assert!(again.overdrawn().is_empty());
        let lefts = |ledger: &CreditLedger| -> BTreeMap<String, Decimal> {
            ledger.grants().map(|(grant, left)| (grant.id.clone(), left)).collect()
        };
        prop_assert_eq!(lefts(&again), lefts(&ledger));
        let sum = |movement: Movement| -> Decimal {
            ledger.entries().iter().filter(|entry| entry.movement == movement).map(|entry| entry.amount).sum()
        };
        prop_assert_eq!((sum(Movement::Drawn), sum(Movement::GivenBack)), (-drawn, returned));
        prop_assert_eq!(
            balance,
            sum(Movement::Granted) - drawn + returned + sum(Movement::Expired)
        );
    }
}
