//! Appends new rows: facts in one batch, commands many at once but in the file's order for each aggregate.

use std::collections::HashMap;

use domain::Caller;
use domain::usage::Usage;
use futures::stream::{StreamExt, TryStreamExt, iter};
use store::{FactOutcome, FactRecord, Store};

use super::error::SyncError;
use super::patience::Patience;
use super::rejected::Rejected;
use super::sorting::New;
use crate::commands::{DispatchError, Request, dispatch};
use crate::csv_file::{FactDraft, Outputs};

/// What became of a row.
pub(super) enum Taken {
    /// It is in the log now, up to this position.
    Recorded(u64),
    /// Somebody was quicker.
    Known,
    /// It can't be taken.
    Rejected(Rejected),
}

/// What became of each row, with the row's place among those given.
type Results = Vec<(usize, Taken)>;

/// Appends rows and tells of each what became of it, in their order.
pub(super) async fn take(
    store: &Store,
    caller: &Caller,
    rows: &[New],
    concurrency: usize,
) -> Result<Vec<Taken>, SyncError> {
    let mut aggregates: HashMap<(&str, &str), Vec<usize>> = HashMap::new();
    let mut facts = Vec::new();
    for (place, New { row, .. }) in rows.iter().enumerate() {
        match &row.outputs {
            Outputs::Nothing => {}
            Outputs::Facts(_) => facts.push(place),
            Outputs::Commands {
                aggregate_type,
                aggregate_id,
                ..
            } => aggregates
                .entry((aggregate_type, aggregate_id))
                .or_default()
                .push(place),
        }
    }
    let mut lives: Vec<_> = aggregates.into_values().collect();
    lives.sort_unstable();
    let mut results = take_facts(store, caller, rows, facts).await?;
    let lives: Vec<_> = lives
        .into_iter()
        .map(|places| take_commands(store, caller, rows, places))
        .collect();
    let commands: Vec<Results> = iter(lives)
        .buffer_unordered(concurrency.max(1))
        .try_collect()
        .await?;
    results.extend(commands.into_iter().flatten());
    results.sort_unstable_by_key(|(place, _)| *place);
    Ok(results.into_iter().map(|(_, taken)| taken).collect())
}

/// The rows of one aggregate, one after the other.
async fn take_commands(
    store: &Store,
    caller: &Caller,
    rows: &[New],
    places: Vec<usize>,
) -> Result<Results, SyncError> {
    let mut results = Vec::with_capacity(places.len());
    for place in places {
        let New { row, key, .. } = &rows[place];
        let Outputs::Commands {
            aggregate_type,
            aggregate_id,
            commands,
        } = &row.outputs
        else {
            continue;
        };
        let mut patience = Patience::default();
        let answer = loop {
            let request = Request {
                aggregate_type,
                id: aggregate_id,
                commands: commands.clone(),
                key: Some(key.clone()),
            };
            match dispatch(store, caller, request).await {
                Err(error) if patience.lasts(&error).await => {}
                answer => break answer,
            }
        };
        let taken = match answer {
            Ok(committed) if committed.known && !patience.was_tried() => Taken::Known,
            Ok(committed) => Taken::Recorded(committed.position),
            Err(error) if error.is_tenant_not_open() || error.is_passing() => return Err(error.into()),
            Err(error) => Taken::Rejected(Rejected::by_log(row, &error)),
        };
        results.push((place, taken));
    }
    Ok(results)
}

/// The facts of all rows in one batch, each row a record.
async fn take_facts(
    store: &Store,
    caller: &Caller,
    rows: &[New],
    places: Vec<usize>,
) -> Result<Results, SyncError> {
    let (mut records, mut waiting, mut results) = (Vec::new(), Vec::new(), Vec::new());
    for place in places {
        let New { row, key, .. } = &rows[place];
        let Outputs::Facts(drafts) = &row.outputs else {
            continue;
        };
        match drafts.iter().map(FactDraft::fact).collect::<Result<Vec<_>, _>>() {
            Ok(facts) => {
                waiting.push(place);
                records.push(FactRecord {
                    key: Some(key.clone()),
                    at: drafts.first().and_then(|draft| draft.occurred_at),
                    facts,
                });
            }
            Err(reason) => {
                let rejected = Rejected::by_rules(row, &reason, &reason);
                results.push((place, Taken::Rejected(rejected)));
            }
        }
    }
    let limits = store.limits();
    let batch_records = limits.batch_records.min(limits.queue).max(1);
    let mut places = waiting.into_iter();
    while !records.is_empty() {
        let rest = records.split_off(records.len().min(batch_records));
        let batch = std::mem::replace(&mut records, rest);
        let mut patience = Patience::default();
        let outcomes = loop {
            let appended = store.append_facts::<Usage>(caller, batch.clone()).await;
            match appended.map_err(DispatchError::from) {
                Err(error) if patience.lasts(&error).await => {}
                answer => break answer?,
            }
        };
        for (outcome, place) in outcomes.into_iter().zip(places.by_ref()) {
            let taken = match outcome {
                FactOutcome::Recorded { position } => Taken::Recorded(position),
                // The try before had recorded it when the log went away.
                FactOutcome::Known if patience.was_tried() => Taken::Recorded(0),
                FactOutcome::Known => Taken::Known,
                FactOutcome::Conflicting { rejection } | FactOutcome::Rejected { rejection } => {
                    Taken::Rejected(Rejected::by_limits(&rows[place].row, &rejection))
                }
            };
            results.push((place, taken));
        }
    }
    Ok(results)
}
