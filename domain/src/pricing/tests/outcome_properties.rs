//! What holds for outcomes, whatever the order in which their events come.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use rust_decimal::Decimal;

use crate::invoice::Stage;
use crate::pricing::examples::account::Account;
use crate::pricing::examples::build::{decimal, standard, usage_line, version};
use crate::pricing::examples::proration::period;
use crate::pricing::{BilledStates, OutcomeTerms, Period, Told, Transaction, Usage, Word};

/// Events over two months: a key, a word, an hour, and after which of three issues they come.
fn events() -> impl Strategy<Value = Vec<(Told, usize)>> {
    let word = prop_oneof![Just(Word::Confirmed), Just(Word::Assumed), Just(Word::Reversed)];
    let event = (0..4_u8, word, 0..1_400_i64, 1..500_i64, 0..4_usize);
    prop::collection::vec(event, 0..40).prop_map(|events| {
        let begin: Timestamp = "2026-03-01T00:00:00Z".parse().unwrap();
        let told = events
            .into_iter()
            .enumerate()
            .map(|(index, (key, word, hour, cents, issue))| {
                let told = Told {
                    key: format!("k{key}"),
                    at: begin + SignedDuration::from_hours(hour),
                    word,
                    id: format!("e{index:03}"),
                    value: Decimal::new(cents, 2),
                };
                (told, issue)
            });
        told.collect()
    })
}

fn used(rule: &OutcomeTerms, period: &Period, told: Vec<Told>) -> Usage {
    let days = (period.begins_at().unwrap(), period.ends_at().unwrap());
    rule.usage(&rule.pair(told), period, days)
}

proptest! {
    #[test]
    fn what_was_billed_bit_by_bit_is_what_is_known_rated_in_one_go(
        events in events(),
        turned in any::<prop::sample::Index>(),
        days in 0..40_u16,
        assumed in any::<bool>(),
    ) {
        let rule = OutcomeTerms {
            bill: if assumed { BilledStates::ConfirmedAndAssumed } else { BilledStates::Confirmed },
            stability_days: days,
            key: None,
            assumed: None,
            reversed: None,
        };
        let march = period("2026-03-01", "2026-04-01");
        let charge = standard("0.333");
        let known = |issue: usize| -> Vec<Told> {
            events.iter().filter(|(_, at)| *at <= issue).map(|(told, _)| told.clone()).collect()
        };
        let mut account = Account::start(version(vec![], vec![charge.clone()]), "2020-01-01");
        let mut billed = Decimal::ZERO;
        for issue in 0..4 {
            account.uses("usage", used(&rule, &march, known(issue)));
            billed += account.bill("2026-03-15", Stage::Closing).total;
        }
        // The same events in another order of arrival.
        let mut all = known(3);
        if !all.is_empty() {
            let at = turned.index(all.len());
            all.rotate_left(at);
        }
        let once = used(&rule, &march, all);
        prop_assert_eq!(usage_line(&charge, &once).amount.amount, billed);
        prop_assert!(billed >= decimal("0"));
    }

    #[test]
    fn after_the_window_a_reversal_changes_nothing(days in 0..40_u16, late in 1..1_000_i64) {
        let rule = OutcomeTerms {
            bill: BilledStates::Confirmed,
            stability_days: days,
            key: None,
            assumed: None,
            reversed: None,
        };
        let march = period("2026-03-01", "2026-04-01");
        let at: Timestamp = "2026-03-10T12:00:00Z".parse().unwrap();
        let told = |word, at, id: &str| Told {
            key: "k".to_owned(),
            at,
            word,
            id: id.to_owned(),
            value: Decimal::ONE,
        };
        // The window is over at the end of its last day.
        let over: Timestamp = "2026-03-11T00:00:00Z".parse().unwrap();
        let over = over + SignedDuration::from_hours(24 * i64::from(days));
        let of = |reversed| used(&rule, &march, vec![told(Word::Confirmed, at, "a"), told(Word::Reversed, reversed, "b")]);
        let one = Usage::Transactions(vec![Transaction { at, id: "a".to_owned(), amount: Decimal::ONE }]);
        prop_assert_eq!(of(over + SignedDuration::from_mins(late - 1)), one);
        prop_assert_eq!(of(over - SignedDuration::from_secs(1)), Usage::Transactions(vec![]));
    }
}
