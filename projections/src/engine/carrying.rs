//! A task that carries shards of read models along the log until it is to stop.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use store::FedProgress;
use tokio::sync::watch;

use super::lease::Held;
use super::rounds::{Pause, Rounds};

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How far a task has come.
#[derive(Clone, Debug, Default)]
pub(super) struct Reach {
    pub(super) position: u64,
    /// The read models that go no further.
    pub(super) stopped: BTreeSet<String>,
}

/// How far the tasks of a process that carry anything have come, by their numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct Reaches(pub(super) BTreeMap<u32, Reach>);

impl Reaches {
    /// The position that all of them have reached; 0 while there are none.
    pub(super) fn position(&self) -> u64 {
        self.0
            .values()
            .map(|reach| reach.position)
            .min()
            .unwrap_or_default()
    }

    /// The read models that go no further somewhere.
    pub(super) fn stopped(&self) -> BTreeSet<String> {
        self.0.values().flat_map(|reach| reach.stopped.clone()).collect()
    }
}

/// Where a task tells how far it is.
pub(super) struct Telling {
    /// The task's number.
    pub(super) number: u32,
    pub(super) reaches: watch::Sender<Reaches>,
    /// Whoever feeds it, if anybody does.
    pub(super) feeder: Option<watch::Sender<FedProgress>>,
}

impl Telling {
    fn tell(&self, rounds: &Rounds) {
        if let (Some(feeder), Some(slowest), Some(furthest)) =
            (&self.feeder, rounds.slowest(), rounds.furthest())
        {
            feeder.send_replace(FedProgress { slowest, furthest });
        }
        let Some(position) = rounds.slowest() else {
            return;
        };
        if rounds.is_up_to_date() {
            let reach = Reach {
                position,
                stopped: rounds.stopped(),
            };
            self.reaches
                .send_modify(|reaches| drop(reaches.0.insert(self.number, reach)));
        }
    }

    /// Nothing is carried here for now.
    fn is_idle(&self) {
        self.reaches
            .send_if_modified(|reaches| reaches.0.remove(&self.number).is_some());
    }
}

/// Carries what is held, until it is to stop.
pub(super) async fn carry_on(
    mut rounds: Rounds,
    mut held: watch::Receiver<Held>,
    mut stopping: watch::Receiver<bool>,
    telling: Telling,
) {
    let mut pause = FIRST_PAUSE;
    loop {
        rounds.take(&held.borrow_and_update().works);
        if rounds.is_without_work() {
            telling.is_idle();
        }
        match advance(&mut rounds, &held, &stopping, &telling).await {
            Ok(()) if *stopping.borrow() => return,
            Ok(()) => {
                pause = FIRST_PAUSE;
                // With nothing to carry, only the end is left to wait for.
                let at_end = rounds.slowest().unwrap_or(u64::MAX);
                tokio::select! {
                    _ = stopping.wait_for(|stop| *stop) => {}
                    Ok(()) = held.changed() => {}
                    grown = rounds.backlog.grown(at_end) => if grown.is_err() { return },
                }
            }
            Err(_) if *stopping.borrow() => return,
            Err(error) => {
                tracing::warn!(%error, pause_ms = pause.as_millis(), "projections.advance will try again");
                metrics::counter!("annals_projector_retries_total").increment(1);
                let stopped = stopping.wait_for(|stop| *stop);
                drop(tokio::time::timeout(pause, stopped).await);
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

/// Goes on until every read model is at the log's end or stopped, or until there is news of what to carry; once
/// the projector is to stop, until they are where the log's end was then.
async fn advance(
    rounds: &mut Rounds,
    held: &watch::Receiver<Held>,
    stopping: &watch::Receiver<bool>,
    telling: &Telling,
) -> Result<(), Pause> {
    let mut end = None;
    loop {
        if rounds.is_incomplete() {
            rounds.prepare().await?;
        }
        let moved = rounds.round().await?;
        telling.tell(rounds);
        if *stopping.borrow() {
            let end = *end.get_or_insert(rounds.backlog.head());
            if rounds.slowest().is_none_or(|slowest| slowest >= end) {
                return Ok(());
            }
        } else if held.has_changed().unwrap_or(false) {
            return Ok(());
        }
        if !moved && !rounds.is_incomplete() {
            return Ok(());
        }
    }
}
