//! Appends events: facts in batches, commands many at once but in order for each aggregate.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::usage::Usage;
use domain::{Caller, EventId};
use futures::stream::{StreamExt, iter};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use store::{FactOutcome, FactRecord, Key, Rejection, Store};

use super::attribute::Invalid;
use super::event::CloudEvent;
use super::meaning::{Meaning, What, meaning};
use crate::commands::{DispatchError, Request, dispatch};

/// How many aggregates of one batch are asked at once.
const IN_FLIGHT: usize = 64;

/// What became of an event.
#[derive(Debug)]
pub(super) enum Taken {
    Recorded { position: u64 },
    Known { position: Option<u64> },
    Conflicting { reason: String },
    Invalid(Invalid),
    Failed(Arc<DispatchError>),
}

/// How an event ended, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    Recorded,
    Known,
    Conflicting,
    Rejected,
}

/// What is to be appended at once, all or nothing, under its key.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) key: Key,
    /// The event that caused it.
    pub(super) cause: Option<EventId>,
    pub(super) what: Orders,
}

/// Facts, or commands on one aggregate, with the time at which each occurred where it is known.
#[derive(Clone, Debug)]
pub(super) enum Orders {
    Facts(Option<Timestamp>, Vec<domain::usage::Event>),
    Commands {
        aggregate_type: String,
        id: String,
        commands: Vec<(Option<Timestamp>, Value)>,
    },
}

/// Translates events and appends them; tells of each what became of it, in order.
pub(super) async fn take(store: &Store, caller: &Caller, events: &[CloudEvent]) -> Vec<Taken> {
    append(store, caller, events.iter().map(asked_by).collect()).await
}

/// What an event asks for.
pub(super) fn asked_by(event: &CloudEvent) -> Result<Asked, Invalid> {
    let Meaning { key, what } = meaning(event)?;
    let what = match what {
        What::Fact(fact) => Orders::Facts(event.time, vec![fact]),
        What::Command {
            aggregate_type,
            id,
            command,
        } => Orders::Commands {
            aggregate_type,
            id,
            commands: vec![(event.time, command)],
        },
    };
    Ok(Asked {
        key,
        cause: event.causation_id,
        what,
    })
}

/// Appends what is asked; tells of each what became of it, in order.
pub(super) async fn append(store: &Store, caller: &Caller, asked: Vec<Result<Asked, Invalid>>) -> Vec<Taken> {
    let mut taken: Vec<Option<Taken>> = asked.iter().map(|_| None).collect();
    let mut records: BTreeMap<Option<EventId>, Vec<_>> = BTreeMap::new();
    let mut aggregates: BTreeMap<(String, String), Vec<_>> = BTreeMap::new();
    for (place, asked) in asked.into_iter().enumerate() {
        match asked {
            Err(invalid) => taken[place] = Some(Taken::Invalid(invalid)),
            Ok(Asked { key, cause, what }) => match what {
                Orders::Facts(at, facts) => {
                    let key = Some(key);
                    let record = FactRecord { key, at, facts };
                    records.entry(cause).or_default().push((place, record));
                }
                Orders::Commands {
                    aggregate_type,
                    id,
                    commands,
                } => aggregates
                    .entry((aggregate_type, id))
                    .or_default()
                    .push((place, cause, commands, key)),
            },
        }
    }
    let commands = iter(aggregates)
        .map(async |((aggregate_type, id), lots)| {
            let mut done = Vec::with_capacity(lots.len());
            for (place, cause, commands, key) in lots {
                let request = Request {
                    aggregate_type: &aggregate_type,
                    id: &id,
                    commands,
                    key: Some(key),
                };
                done.push((
                    place,
                    command_taken(dispatch(store, &because(caller, cause), request).await),
                ));
            }
            done
        })
        .buffer_unordered(IN_FLIGHT)
        .collect::<Vec<_>>();
    let facts = async {
        let mut done = Vec::new();
        for (cause, facts) in records {
            done.extend(take_facts(store, &because(caller, cause), facts).await);
        }
        done
    };
    let (facts, commands) = tokio::join!(facts, commands);
    for (place, outcome) in facts.into_iter().chain(commands.into_iter().flatten()) {
        taken[place] = Some(outcome);
    }
    let answered = "each is facts, commands or invalid";
    taken.into_iter().map(|taken| taken.expect(answered)).collect()
}

/// The same caller, asking because of an event, if one is named.
fn because(caller: &Caller, cause: Option<EventId>) -> Caller {
    Caller {
        causation_id: cause.or(caller.causation_id),
        ..caller.clone()
    }
}

fn command_taken(answer: Result<store::Committed, DispatchError>) -> Taken {
    match answer {
        Ok(committed) if committed.known => Taken::Known {
            position: Some(committed.position),
        },
        Ok(committed) => Taken::Recorded {
            position: committed.position,
        },
        Err(DispatchError::Rejected(rejection @ Rejection::KeyReused { .. })) => conflicting(&rejection),
        Err(DispatchError::Field { field, reason }) => {
            let place = field.map_or_else(|| "data".to_owned(), |field| format!("data.{field}"));
            Taken::Invalid(Invalid::new(place, reason))
        }
        Err(DispatchError::Id(invalid)) => Taken::Invalid(Invalid::new("subject", invalid.to_string())),
        Err(error) => Taken::Failed(Arc::new(error)),
    }
}

type Fact = FactRecord<domain::usage::Event>;

/// Appends facts; those that correct another record come behind it, when the log has it.
async fn take_facts(store: &Store, caller: &Caller, facts: Vec<(usize, Fact)>) -> Vec<(usize, Taken)> {
    let corrects = |(_, record): &(usize, Fact)| !corrected(record).is_empty();
    let (mut left, plain): (Vec<_>, Vec<_>) = facts.into_iter().partition(corrects);
    let mut done = append_facts(store, caller, plain).await;
    // A correction may correct another one of the same batch.
    while !left.is_empty() {
        let wanted: Vec<Vec<Key>> = left.iter().map(|(_, record)| corrected(record)).collect();
        let keys: Vec<Key> = wanted.iter().flatten().cloned().collect();
        let known = match store.known_keys(caller, &keys).await {
            Ok(known) => known,
            Err(error) => {
                let error = Arc::new(DispatchError::from(error));
                done.extend(
                    left.into_iter()
                        .map(|(place, _)| (place, Taken::Failed(Arc::clone(&error)))),
                );
                break;
            }
        };
        let mut known = keys.iter().zip(known);
        let mut unknown = wanted.iter().map(|keys| {
            let mut own = known.by_ref().take(keys.len());
            let first = own
                .by_ref()
                .find(|(_, hash)| hash.is_none())
                .map(|(key, _)| key.id.clone());
            own.for_each(drop);
            first
        });
        let (mut ready, mut waiting) = (Vec::new(), Vec::new());
        for record in left {
            match unknown.next().flatten() {
                None => ready.push(record),
                Some(id) => waiting.push((record, id)),
            }
        }
        if ready.is_empty() {
            done.extend(waiting.into_iter().map(|((place, _), id)| {
                let rule = format!(
                    "names {id:?}, and there is no record of this source and id in the log to be corrected"
                );
                (
                    place,
                    Taken::Invalid(Invalid::new("data.dimensions.corrects", rule)),
                )
            }));
            break;
        }
        done.extend(append_facts(store, caller, ready).await);
        left = waiting.into_iter().map(|(record, _)| record).collect();
    }
    done
}

/// The records of the same source that a record's facts correct.
fn corrected(record: &Fact) -> Vec<Key> {
    let source = record.key.as_ref().map_or("", |key| key.source.as_str());
    let key = |domain::usage::Event::Recorded(fact): &domain::usage::Event| {
        Some(Key {
            source: source.to_owned(),
            id: fact.corrects()?.to_owned(),
            hash: [0; 32],
        })
    };
    record.facts.iter().filter_map(key).collect()
}

async fn append_facts(store: &Store, caller: &Caller, facts: Vec<(usize, Fact)>) -> Vec<(usize, Taken)> {
    let mut done = Vec::with_capacity(facts.len());
    for batch in facts.chunks(store.limits().batch_records.max(1)) {
        let records = batch.iter().map(|(_, record)| record.clone()).collect();
        let places = batch.iter().map(|(place, _)| *place);
        match store.append_facts::<Usage>(caller, records).await {
            Ok(outcomes) => done.extend(places.zip(outcomes.into_iter().map(fact_taken))),
            Err(error) => {
                let error = Arc::new(DispatchError::from(error));
                done.extend(places.map(|place| (place, Taken::Failed(Arc::clone(&error)))));
            }
        }
    }
    done
}

fn fact_taken(outcome: FactOutcome) -> Taken {
    match outcome {
        FactOutcome::Recorded { position } => Taken::Recorded { position },
        FactOutcome::Known => Taken::Known { position: None },
        FactOutcome::Conflicting { rejection } => conflicting(&rejection),
        FactOutcome::Rejected { rejection } => Taken::Failed(Arc::new(rejection.into())),
    }
}

fn conflicting(rejection: &Rejection) -> Taken {
    Taken::Conflicting {
        reason: format!("source and id: {rejection}"),
    }
}
