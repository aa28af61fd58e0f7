//! The task that carries all read models along the log.

use std::time::Duration;

use sqlx::PgPool;
use store::Store;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::backlog::Backlog;
use super::context::Timeline;
use super::folding::AnyReadModel;
use super::rounds::{Pause, Rounds};

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A running projector. When it is dropped, it stops where it is; nothing is lost or counted twice.
#[derive(Debug)]
pub struct Projector {
    stop: watch::Sender<bool>,
    reached: watch::Receiver<u64>,
    task: Option<JoinHandle<()>>,
}

/// The projector will not come any further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the projector has stopped at position {reached}")]
pub struct Stopped {
    /// How far its slowest read model came.
    pub reached: u64,
}

impl Projector {
    /// Starts folding the log into read models, each from its own checkpoint. The pool's role is the
    /// projector's; two connections are enough. While the database is away, it tries again.
    #[must_use]
    pub fn start(store: &Store, pool: PgPool, models: Vec<Box<dyn AnyReadModel>>) -> Self {
        let (stop, stopping) = watch::channel(false);
        let (reach, reached) = watch::channel(0);
        let rounds = Rounds {
            pool,
            backlog: Backlog::new(store.log().clone(), store.tail().clone()),
            travellers: Vec::new(),
            timeline: Timeline::default(),
            waiting: models,
        };
        let task = tokio::spawn(run(rounds, stopping, reach));
        Self {
            stop,
            reached,
            task: Some(task),
        }
    }

    /// The position up to which every read model that runs has folded.
    #[must_use]
    pub fn position(&self) -> u64 {
        *self.reached.borrow()
    }

    /// Waits until every read model that runs has folded up to a position.
    ///
    /// # Errors
    /// [`Stopped`] when that will not happen.
    pub async fn wait_for(&self, position: u64) -> Result<(), Stopped> {
        let mut reached = self.reached.clone();
        let waited = reached.wait_for(|reached| *reached >= position).await.map(drop);
        waited.map_err(|_| Stopped {
            reached: self.position(),
        })
    }

    /// Folds what is in the log by now, then ends. If the database is away, it ends where it is.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        if let Some(task) = self.task.take() {
            drop(task.await);
        }
    }
}

impl Drop for Projector {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

async fn run(mut rounds: Rounds, mut stopping: watch::Receiver<bool>, reach: watch::Sender<u64>) {
    let mut pause = FIRST_PAUSE;
    loop {
        match advance(&mut rounds, &stopping, &reach).await {
            Ok(()) if *stopping.borrow() => return,
            Ok(()) => {
                pause = FIRST_PAUSE;
                // With nothing to carry, only the end is left to wait for.
                let at_end = rounds.slowest().unwrap_or(u64::MAX);
                tokio::select! {
                    _ = stopping.wait_for(|stop| *stop) => {}
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

/// Goes on until every read model is at the log's end or stopped; once the projector is to stop, until they
/// are where the log's end was then.
async fn advance(
    rounds: &mut Rounds,
    stopping: &watch::Receiver<bool>,
    reach: &watch::Sender<u64>,
) -> Result<(), Pause> {
    rounds.prepare().await?;
    let mut end = None;
    loop {
        let moved = rounds.round().await?;
        let slowest = rounds.slowest();
        if let Some(slowest) = slowest {
            reach.send_replace(slowest);
        }
        if *stopping.borrow() {
            let end = *end.get_or_insert(rounds.backlog.head());
            if slowest.is_none_or(|slowest| slowest >= end) {
                return Ok(());
            }
        }
        if !moved {
            return Ok(());
        }
    }
}
