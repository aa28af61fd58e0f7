//! Whatever lives subscriptions have, in whatever order they are written down: movements add up to what is paid.

use std::collections::BTreeMap;

use domain::account::{Account, Movement};
use domain::subscription::Event;
use domain::{Currency, Money};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use rust_decimal::Decimal;

use super::AccountHistory;
use crate::engine::rehearsal::{Story, money, tenant};

/// An act in a subscription's life: which, and how many hours after the one before.
type Act = (u8, i64, u32);

/// A life: its currency, when it begins, and what follows.
type Life = (bool, i64, Vec<Act>);

fn begin() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

fn currency(life: &Life) -> &'static str {
    if life.0 { "EUR" } else { "USD" }
}

fn price(cents: u32, currency: &str) -> Money {
    money(&format!("{} {currency}", Decimal::new(cents.into(), 2)))
}

/// The events of a life as the aggregate lets them happen, each with its time and what is paid a month from then on.
fn events(life: &Life) -> Vec<(Timestamp, &'static str, Event, Decimal)> {
    let (_, starts, acts) = life;
    let plan = || "own".parse().unwrap();
    let mut at = begin() + hours(*starts);
    let mut paid = price(10_000, currency(life));
    let started = Event::Started {
        plan: plan(),
        price: paid,
        customer: None,
        started_at: at,
    };
    let mut events = vec![(at, "subscription.started", started, paid.amount)];
    let (mut rests, mut ended) = (false, false);
    for (act, later, cents) in acts {
        at += hours(*later);
        let next = price(*cents, currency(life));
        let reason = || "r".to_owned();
        let (name, event) = match act % 5 {
            _ if ended => break,
            0 if next != paid => {
                let event = Event::PlanChanged {
                    plan: plan(),
                    price: next,
                    previous_plan: plan(),
                    previous_price: paid,
                };
                paid = next;
                ("subscription.plan_changed", event)
            }
            1 if !rests => {
                rests = true;
                (
                    "subscription.paused",
                    Event::Paused {
                        reason: reason(),
                        plan: plan(),
                        price: paid,
                    },
                )
            }
            2 if rests => {
                rests = false;
                (
                    "subscription.resumed",
                    Event::Resumed {
                        plan: plan(),
                        price: paid,
                    },
                )
            }
            3 if !rests => (
                "subscription.became_past_due",
                Event::BecamePastDue {
                    plan: plan(),
                    price: paid,
                },
            ),
            4 => {
                ended = true;
                let event = Event::Canceled {
                    reason: reason(),
                    plan: plan(),
                    price: paid,
                    started_at: at,
                };
                ("subscription.canceled", event)
            }
            _ => continue,
        };
        let now = if rests || ended {
            Decimal::ZERO
        } else {
            paid.amount
        };
        events.push((at, name, event, now));
    }
    events
}

fn lives() -> impl Strategy<Value = (Vec<Life>, Vec<usize>)> {
    let act = (any::<u8>(), 0_i64..2_000, 0_u32..100_000);
    let life = (any::<bool>(), 0_i64..4_000, prop::collection::vec(act, 0..8));
    prop::collection::vec(life, 1..5).prop_flat_map(|lives| {
        let all = lives.iter().enumerate();
        // Each life's events keep their order; which life speaks next does not matter.
        let turns: Vec<usize> = all
            .flat_map(|(index, life)| vec![index; events(life).len()])
            .collect();
        (Just(lives), Just(turns).prop_shuffle())
    })
}

fn told(lives: &[Life], turns: &[usize]) -> Account {
    let mut left: Vec<_> = lives.iter().map(|life| events(life).into_iter()).collect();
    let mut story = Story::default();
    for turn in turns {
        let (at, name, event, _) = left[*turn].next().unwrap();
        story = story.then(&at.to_string(), name, &format!("s{turn}"), event);
    }
    let threads = story.rows::<AccountHistory>().into_iter().map(Into::into);
    Account::new(tenant(), threads.collect())
}

/// What all lives pay right before a moment, straight from what happened.
fn paid(lives: &[Life], before: Timestamp) -> BTreeMap<Currency, Decimal> {
    let mut paid = BTreeMap::new();
    for life in lives {
        let events = events(life);
        let last = events.iter().rfind(|(at, ..)| *at < before);
        let currency = price(1, currency(life)).currency;
        *paid.entry(currency).or_insert(Decimal::ZERO) += last.map_or(Decimal::ZERO, |(.., paid)| *paid);
    }
    paid.retain(|_, paid| !paid.is_zero());
    paid
}

fn sums<'m>(movements: impl Iterator<Item = &'m Movement>) -> BTreeMap<Currency, Decimal> {
    let mut sums = BTreeMap::new();
    for moved in movements {
        *sums.entry(moved.currency).or_insert(Decimal::ZERO) += moved.amount();
    }
    sums.retain(|_, sum| !sum.is_zero());
    sums
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn movements_add_up_to_what_is_paid_then_and_now(
        (lives, turns) in lives(), then in 0_i64..9_000, later in 0_i64..9_000,
    ) {
        let movements = told(&lives, &turns).movements();
        let (from, until) = (begin() + hours(then), begin() + hours(then + later));
        let before = sums(movements.iter().filter(|moved| moved.at < from));
        prop_assert_eq!(&before, &paid(&lives, from));
        let at_last = sums(movements.iter().filter(|moved| moved.at < until));
        prop_assert_eq!(&at_last, &paid(&lives, until));
        // What moved between is the difference, and each movement goes on where the last one of its currency ended.
        let mut held: BTreeMap<Currency, Decimal> = BTreeMap::new();
        for moved in &movements {
            prop_assert_eq!(moved.before, held.get(&moved.currency).copied().unwrap_or_default());
            prop_assert!(!moved.amount().is_zero() && !moved.positions.is_empty());
            held.insert(moved.currency, moved.after);
        }
        // The order in which lives were written down does not matter, but for the positions.
        let mut in_turn = turns;
        in_turn.sort_unstable();
        let of = |movements: Vec<Movement>| -> Vec<_> {
            movements.into_iter().map(|moved| (moved.at, moved.currency, moved.kind, moved.before, moved.after)).collect()
        };
        let (mut shuffled, mut sorted) = (of(movements), of(told(&lives, &in_turn).movements()));
        shuffled.sort_unstable();
        sorted.sort_unstable();
        prop_assert_eq!(shuffled, sorted);
    }
}
