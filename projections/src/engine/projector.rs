//! The tasks of a process that carry read models along the log.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use sqlx::PgPool;
use store::{FedPart, FedProgress, Store, Tail};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::backlog::Backlog;
use super::builds::Policy;
use super::carrying::{Reaches, Telling, carry_on};
use super::checkpoint::checkpoints;
use super::folding::AnyReadModel;
use super::lease::{Held, Keeper, Wanted};
use super::operations::Operations;
use super::reshard;
use super::rounds::Rounds;
use super::shard::Shard;

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

/// The log in parts, each with the tenants of one shard.
#[derive(Debug)]
pub struct Parts {
    /// The parts, in the order of the shards.
    pub parts: Vec<FedPart>,
    /// The numbers of those that are this process's own, as they change.
    pub own: watch::Receiver<BTreeSet<u32>>,
}

/// A way by which the log comes to some shards.
struct Way {
    shards: Vec<Shard>,
    tail: Tail,
    feeder: Option<watch::Sender<FedProgress>>,
}

/// A running projector. When it is dropped, it stops where it is; nothing is lost or counted twice.
#[derive(Debug)]
pub struct Projector {
    pool: PgPool,
    /// How many read models there are.
    models: usize,
    stop: watch::Sender<bool>,
    reached: watch::Receiver<Reaches>,
    carrying: Vec<JoinHandle<()>>,
    others: Vec<JoinHandle<()>>,
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
        let shards: Vec<Shard> = Shard::all(options.shards).collect();
        let whole = Way {
            shards: shards.clone(),
            tail: store.tail().clone(),
            feeder: None,
        };
        Self::carry(store, pool, models, options, (vec![whole], Wanted::Share(shards)))
    }

    /// The same, with the log coming in parts: one for each shard. This process carries the shards whose parts are
    /// its own, all of them; whoever deals the parts out sees to it that each is somebody's.
    #[must_use]
    pub fn start_fed(
        store: &Store,
        pool: PgPool,
        models: Vec<Box<dyn AnyReadModel>>,
        options: ProjectorOptions,
        parts: Parts,
    ) -> Self {
        let of = u32::try_from(parts.parts.len()).unwrap_or(u32::MAX);
        let options = ProjectorOptions {
            shards: of,
            ..options
        };
        let ways = Shard::all(of).zip(parts.parts).map(|(shard, part)| Way {
            shards: vec![shard],
            tail: part.tail,
            feeder: Some(part.progress),
        });
        let ways = ways.collect();
        Self::carry(store, pool, models, options, (ways, Wanted::Own(parts.own)))
    }

    fn carry(
        store: &Store,
        pool: PgPool,
        models: Vec<Box<dyn AnyReadModel>>,
        options: ProjectorOptions,
        (ways, wanted): (Vec<Way>, Wanted),
    ) -> Self {
        let (stop, stopping) = watch::channel(false);
        let (reaches, reached) = watch::channel(Reaches::default());
        let (held, holding) = watch::channel(Held::default());
        let models: Vec<Arc<dyn AnyReadModel>> = models.into_iter().map(Arc::from).collect();
        let known = models.len();
        let carrying = (0..).zip(ways).map(|(number, way)| {
            let rounds = Rounds::new(
                pool.clone(),
                Backlog::new(store.log().clone(), way.tail),
                models.clone(),
                way.shards,
                options.policy,
            );
            let telling = Telling {
                number,
                reaches: reaches.clone(),
                feeder: way.feeder,
            };
            tokio::spawn(carry_on(rounds, holding.clone(), stopping.clone(), telling))
        });
        let carrying = carrying.collect();
        let keeper = Keeper {
            pool: pool.clone(),
            id: store.ambient().fresh_id().to_string(),
            models: models.iter().map(|model| model.name()).collect(),
            of: options.shards,
            wanted,
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
        let filling = tokio::spawn(super::filling::watch(operations, stopping));
        Self {
            pool,
            models: known,
            stop,
            reached,
            carrying,
            others: vec![keeping, filling],
        }
    }

    /// The position up to which every read model that this process carries has folded.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.reached.borrow().position()
    }

    /// Waits until every read model has folded up to a position, whoever carries it; those that this process
    /// had to stop are not waited for.
    ///
    /// # Errors
    /// [`Stopped`] when that will not happen.
    pub async fn wait_for(&self, position: u64) -> Result<(), Stopped> {
        let mut reached = self.reached.clone();
        let mut look = tokio::time::interval(LOOK);
        loop {
            // What is carried here says how far it is; of the rest, the checkpoints do.
            let here = |reached: &Reaches| reached.0.is_empty() || reached.position() >= position;
            let stopped = match reached.wait_for(here).await {
                Ok(reached) => reached.stopped(),
                Err(_) => {
                    return Err(Stopped {
                        reached: self.position(),
                    });
                }
            };
            let behind = |checkpoint: &super::Checkpoint| {
                checkpoint.position < position && !stopped.contains(&checkpoint.name)
            };
            match checkpoints(&self.pool).await {
                Ok(all) if all.len() >= self.models && !all.iter().any(behind) => return Ok(()),
                _ => drop(look.tick().await),
            }
        }
    }

    /// Folds what is in the log by now, then ends. If the database is away, it ends where it is.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        let carrying = std::mem::take(&mut self.carrying);
        for task in carrying.into_iter().chain(std::mem::take(&mut self.others)) {
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
