//! The tasks of a process that carry read models along the log.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use sqlx::PgPool;
use store::Store;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::backlog::Backlog;
use super::builds::Policy;
use super::checkpoint::checkpoints;
use super::folding::AnyReadModel;
use super::lease::{Held, Keeper};
use super::operations::Operations;
use super::reshard;
use super::rounds::{Pause, Rounds};

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How often the checkpoints of other processes are looked at.
const LOOK: Duration = Duration::from_millis(10);

/// How a projector works.
#[derive(Clone, Copy, Debug)]
pub struct ProjectorOptions {
    /// Into how many shards the tenants are spread; all processes of a database say the same.
    pub shards: u32,
    /// What a switch demands when a newer fold has filled its table.
    pub policy: Policy,
    /// The bytes that a rebuild may hold in memory.
    pub memory_bytes: usize,
}

impl Default for ProjectorOptions {
    fn default() -> Self {
        Self {
            shards: 1,
            policy: Policy::Any,
            memory_bytes: super::filling::MEMORY_BYTES,
        }
    }
}

/// A running projector. When it is dropped, it stops where it is; nothing is lost or counted twice.
#[derive(Debug)]
pub struct Projector {
    pool: PgPool,
    stop: watch::Sender<bool>,
    reached: watch::Receiver<Reach>,
    carrying: Option<JoinHandle<()>>,
    others: Vec<JoinHandle<()>>,
}

/// How far a process has come.
#[derive(Clone, Debug, Default)]
struct Reach {
    position: u64,
    /// The read models that go no further.
    stopped: BTreeSet<String>,
}

/// The projector will not come any further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the projector has stopped at position {reached}")]
pub struct Stopped {
    /// How far its slowest read model came.
    pub reached: u64,
}

impl Projector {
    /// Starts folding the log into read models, each from its own checkpoint, and shares them with whoever else
    /// does the same on this database. The pool's role is the projector's; four connections are enough.
    /// While the database is away, it tries again.
    #[must_use]
    pub fn start(store: &Store, pool: PgPool, models: Vec<Box<dyn AnyReadModel>>) -> Self {
        Self::start_with(store, pool, models, ProjectorOptions::default())
    }

    /// The same with options.
    #[must_use]
    pub fn start_with(
        store: &Store,
        pool: PgPool,
        models: Vec<Box<dyn AnyReadModel>>,
        options: ProjectorOptions,
    ) -> Self {
        let (stop, stopping) = watch::channel(false);
        let (reach, reached) = watch::channel(Reach::default());
        let (held, holding) = watch::channel(Held::default());
        let models: Vec<Arc<dyn AnyReadModel>> = models.into_iter().map(Arc::from).collect();
        let backlog = Backlog::new(store.log().clone(), store.tail().clone());
        let rounds = Rounds::new(
            pool.clone(),
            backlog,
            models.clone(),
            options.shards,
            options.policy,
        );
        let keeper = Keeper {
            pool: pool.clone(),
            id: store.ambient().fresh_id().to_string(),
            works: rounds.work_names(),
            held,
        };
        let operations = Operations::new(pool.clone(), store.log().clone(), models.clone())
            .with_memory(options.memory_bytes);
        let (sharding, log) = (pool.clone(), store.log().clone());
        let keeping = {
            let stopping = stopping.clone();
            tokio::spawn(async move {
                if reshard::settle(&sharding, &log, &models, options.shards, stopping.clone()).await {
                    keeper.run(stopping).await;
                }
            })
        };
        let filling = tokio::spawn(super::filling::watch(operations, stopping.clone()));
        Self {
            pool,
            stop,
            reached,
            carrying: Some(tokio::spawn(run(rounds, holding, stopping, reach))),
            others: vec![keeping, filling],
        }
    }

    /// The position up to which every read model that this process carries has folded.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.reached.borrow().position
    }

    /// Waits until every read model has folded up to a position, whoever carries it; those that this process
    /// had to stop are not waited for.
    ///
    /// # Errors
    /// [`Stopped`] when that will not happen.
    pub async fn wait_for(&self, position: u64) -> Result<(), Stopped> {
        let mut reached = self.reached.clone();
        let waited = reached.wait_for(|reached| reached.position >= position).await;
        let stopped = match waited {
            Ok(reached) => reached.stopped.clone(),
            Err(_) => {
                return Err(Stopped {
                    reached: self.position(),
                });
            }
        };
        let mut look = tokio::time::interval(LOOK);
        loop {
            look.tick().await;
            let behind = |checkpoint: &super::Checkpoint| {
                checkpoint.position < position && !stopped.contains(&checkpoint.name)
            };
            match checkpoints(&self.pool).await {
                Ok(all) if !all.iter().any(behind) => return Ok(()),
                _ => {}
            }
        }
    }

    /// Folds what is in the log by now, then ends. If the database is away, it ends where it is.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        if let Some(task) = self.carrying.take() {
            drop(task.await);
        }
        for task in std::mem::take(&mut self.others) {
            drop(task.await);
        }
    }
}

impl Drop for Projector {
    fn drop(&mut self) {
        self.carrying
            .iter()
            .chain(&self.others)
            .for_each(JoinHandle::abort);
    }
}

async fn run(
    mut rounds: Rounds,
    mut held: watch::Receiver<Held>,
    mut stopping: watch::Receiver<bool>,
    reach: watch::Sender<Reach>,
) {
    let mut pause = FIRST_PAUSE;
    loop {
        rounds.take(&held.borrow_and_update().works);
        match advance(&mut rounds, &held, &stopping, &reach).await {
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
    reach: &watch::Sender<Reach>,
) -> Result<(), Pause> {
    let mut end = None;
    loop {
        if rounds.is_incomplete() {
            rounds.prepare().await?;
        }
        let moved = rounds.round().await?;
        let slowest = rounds.slowest();
        if let Some(position) = slowest
            && rounds.is_up_to_date()
        {
            let stopped = rounds.stopped();
            reach.send_replace(Reach { position, stopped });
        }
        if *stopping.borrow() {
            let end = *end.get_or_insert(rounds.backlog.head());
            if slowest.is_none_or(|slowest| slowest >= end) {
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
