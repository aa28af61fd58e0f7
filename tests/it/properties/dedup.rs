//! At most once: of records and commands under keys, sent once or again, in one batch or in several at once,
//! from one process or two, the first under a key takes effect and the others hear what became of it.

use std::collections::BTreeMap;

use domain::Caller;
use domain::lead::Lead;
use domain::usage::{self, Fact, Usage};
use futures::future::join_all;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use store::{Committed, FactOutcome, FactRecord, Filter, Key, Orders, Rejection, Store, StoreError};

use super::holds;
use crate::support::{capture, lead_id, tenant};

/// Something that is sent under a key: which key, which payload, and how often it happened.
#[derive(Clone, Debug)]
struct Sent {
    /// `None`: without a key, so it counts every time.
    key: Option<u8>,
    payload: u8,
    facts: u8,
}

#[derive(Clone, Debug)]
enum Call {
    Facts(Vec<Sent>),
    Command(Sent),
}

/// Rounds of calls; those of a round are made at once, each by one of two processes.
fn rounds() -> impl Strategy<Value = Vec<Vec<(usize, Call)>>> {
    let key = prop_oneof![1 => Just(None), 9 => (0..12_u8).prop_map(Some)];
    let sent = (key, 0..2_u8, 1..4_u8).prop_map(|(key, payload, facts)| Sent { key, payload, facts });
    let command = ((0..12_u8).prop_map(Some), 0..2_u8).prop_map(|(key, payload)| {
        Call::Command(Sent {
            key,
            payload,
            facts: 1,
        })
    });
    let call = prop_oneof![
        2 => prop::collection::vec(sent, 1..12).prop_map(Call::Facts),
        1 => command,
    ];
    prop::collection::vec(prop::collection::vec((0..2_usize, call), 1..4), 1..6)
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Outcome {
    /// It took effect, and these many events are its.
    Recorded {
        last: u64,
        events: u64,
    },
    /// It had taken effect before; a command is told the position too.
    Known {
        last: Option<u64>,
    },
    Conflicting,
}

fn key(sent: &Sent) -> Option<Key> {
    sent.key.map(|id| Key {
        source: "test".to_owned(),
        id: id.to_string(),
        hash: [sent.payload; 32],
    })
}

async fn call(store: &Store, caller: &Caller, call: Call) -> Vec<(Sent, Outcome)> {
    match call {
        Call::Command(sent) => {
            let orders = Orders::one(capture()).under(key(&sent));
            let id = lead_id(&format!("lead-{}", sent.key.unwrap()));
            let outcome = match store.execute::<Lead>(caller, &id, orders).await {
                Ok(Committed {
                    known: true,
                    position,
                    ..
                }) => Outcome::Known { last: Some(position) },
                Ok(Committed { position, events, .. }) => Outcome::Recorded {
                    last: position,
                    events,
                },
                Err(StoreError::Rejected(Rejection::KeyReused { .. })) => Outcome::Conflicting,
                Err(other) => panic!("{sent:?}: {other}"),
            };
            vec![(sent, outcome)]
        }
        Call::Facts(batch) => {
            let record = |sent: &Sent| FactRecord {
                key: key(sent),
                at: None,
                facts: vec![fact(); usize::from(sent.facts)],
            };
            let records = batch.iter().map(record).collect();
            let outcomes = store.append_facts::<Usage>(caller, records).await.unwrap();
            let told = batch.into_iter().zip(outcomes).map(|(sent, outcome)| {
                let events = u64::from(sent.facts);
                let outcome = match outcome {
                    FactOutcome::Recorded { position } => Outcome::Recorded {
                        last: position,
                        events,
                    },
                    FactOutcome::Known => Outcome::Known { last: None },
                    FactOutcome::Conflicting { .. } => Outcome::Conflicting,
                    FactOutcome::Rejected { rejection } => panic!("{rejection}"),
                };
                (sent, outcome)
            });
            told.collect()
        }
    }
}

fn fact() -> usage::Event {
    let kind = "usage.pages".parse().unwrap();
    usage::Event::Recorded(Fact::try_new(kind, 1.into(), None, [].into()).unwrap())
}

/// What took effect first under each key: its payload, and the position of its last event.
type Model = BTreeMap<u8, (u8, u64)>;

/// Holds what one call was told against the model: the first under a key takes effect, those after it do not.
fn judge_in_order(model: &Model, told: &[(Sent, Outcome)]) -> TestCaseResult {
    let mut seen: BTreeMap<u8, u8> = model.iter().map(|(key, (payload, _))| (*key, *payload)).collect();
    for (sent, outcome) in told {
        let first = sent.key.and_then(|key| seen.get(&key).copied());
        let right = match (first, outcome) {
            (None, Outcome::Recorded { .. }) => true,
            (Some(payload), Outcome::Known { .. }) => payload == sent.payload,
            (Some(payload), Outcome::Conflicting) => payload != sent.payload,
            _ => false,
        };
        prop_assert!(right, "{sent:?} came to {outcome:?}, after {first:?}");
        if let Some(key) = sent.key {
            seen.entry(key).or_insert(sent.payload);
        }
    }
    Ok(())
}

/// Holds what a round was told against the model, in whatever order its calls took effect.
fn judge(model: &mut Model, told: &[(Sent, Outcome)]) -> TestCaseResult {
    for (sent, outcome) in told {
        if let (Some(key), Outcome::Recorded { last, .. }) = (sent.key, outcome) {
            let before = model.insert(key, (sent.payload, *last));
            prop_assert_eq!(before, None, "key {} took effect twice", key);
        }
    }
    for (sent, outcome) in told {
        let Some(key) = sent.key else {
            prop_assert!(
                matches!(outcome, Outcome::Recorded { .. }),
                "{sent:?} has no key: {outcome:?}"
            );
            continue;
        };
        let first = model.get(&key).copied();
        prop_assert!(first.is_some(), "nothing took effect under key {}", key);
        let (payload, position) = first.unwrap();
        match outcome {
            Outcome::Recorded { .. } => {}
            Outcome::Known { last } => {
                prop_assert_eq!(payload, sent.payload, "{:?} is not what was recorded", sent);
                prop_assert!(
                    last.is_none_or(|last| last == position),
                    "{last:?}, first {position}"
                );
            }
            Outcome::Conflicting => prop_assert_ne!(payload, sent.payload, "{:?} is the same", sent),
        }
    }
    Ok(())
}

#[test]
fn each_key_takes_effect_once_whoever_sends_it_however_often() {
    holds(24, &rounds(), async |stores, rounds| {
        let first = stores[0].log().head().await.unwrap() + 2;
        let caller = tenant(stores[0], &format!("t{first}")).await;
        let mut model = Model::new();
        let mut taken = Vec::new();
        for round in rounds {
            let ordered = round.len() == 1;
            let calls = round
                .into_iter()
                .map(|(process, one)| call(stores[process], &caller, one));
            let told = join_all(calls).await.concat();
            if ordered {
                judge_in_order(&model, &told)?;
            }
            judge(&mut model, &told)?;
            for (_, outcome) in told {
                if let Outcome::Recorded { last, events } = outcome {
                    taken.extend(last + 1 - events..=last);
                }
            }
        }
        taken.sort_unstable();
        let end = first + taken.len() as u64;
        prop_assert_eq!(taken, (first..end).collect::<Vec<_>>());
        let stored = stores[1]
            .log()
            .page(first - 1, &Filter::default(), 10_000)
            .await
            .unwrap();
        prop_assert!(stored.iter().all(|event| event.tenant() == caller.tenant));
        prop_assert_eq!(stored.len() as u64, end - first);
        Ok(())
    });
}
