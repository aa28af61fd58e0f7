//! Appends events: facts in batches, commands many at once but in order for each aggregate.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::usage::Usage;
use domain::{Caller, EventId};
use futures::stream::{StreamExt, iter};
use serde::Serialize;
use store::{FactOutcome, FactRecord, Rejection, Store};

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

/// Translates events and appends them; tells of each what became of it, in order.
pub(super) async fn take(store: &Store, caller: &Caller, events: &[CloudEvent]) -> Vec<Taken> {
    let mut taken: Vec<Option<Taken>> = events.iter().map(|_| None).collect();
    let mut facts: BTreeMap<Option<EventId>, Vec<_>> = BTreeMap::new();
    let mut aggregates: BTreeMap<(String, String), Vec<_>> = BTreeMap::new();
    for (place, event) in events.iter().enumerate() {
        match meaning(event) {
            Err(invalid) => taken[place] = Some(Taken::Invalid(invalid)),
            Ok(Meaning { key, what }) => match what {
                What::Fact(fact) => facts.entry(event.causation_id).or_default().push((
                    place,
                    FactRecord {
                        key: Some(key),
                        at: event.time,
                        facts: vec![fact],
                    },
                )),
                What::Command {
                    aggregate_type,
                    id,
                    command,
                } => aggregates.entry((aggregate_type, id)).or_default().push((
                    place,
                    (event.time, event.causation_id),
                    command,
                    key,
                )),
            },
        }
    }
    let commands = iter(aggregates)
        .map(async |((aggregate_type, id), commands)| {
            let mut done = Vec::with_capacity(commands.len());
            for (place, (at, cause), command, key) in commands {
                let request = Request {
                    aggregate_type: &aggregate_type,
                    id: &id,
                    commands: vec![(at, command)],
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
        for (cause, facts) in facts {
            done.extend(take_facts(store, &because(caller, cause), facts).await);
        }
        done
    };
    let (facts, commands) = tokio::join!(facts, commands);
    for (place, outcome) in facts.into_iter().chain(commands.into_iter().flatten()) {
        taken[place] = Some(outcome);
    }
    let answered = "each event is a fact, a command or invalid";
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

async fn take_facts(store: &Store, caller: &Caller, facts: Vec<(usize, Fact)>) -> Vec<(usize, Taken)> {
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
