//! The appender's task: gathers the writes that wait into batches, and keeps up to two of them under way.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use jiff::Timestamp;
use sqlx::pool::PoolConnection;
use sqlx::{PgPool, Postgres};
use tokio::sync::{Notify, mpsc};
use tokio::task::{self, JoinError, JoinSet};

use super::appender::Pending;
use super::batch;
use super::lane::{self, Landed, Way};
use super::write::{Limits, Write};
use crate::ambient::Ambient;

/// Batches under way at once: while one commits, the next is with the server already and waits for the
/// head row's lock.
pub(crate) const LANES: u32 = 2;

/// So many writes must wait before a second batch sets out: smaller ones are better off in one batch.
pub(super) const PLENTY: usize = 64;

pub(super) struct Task {
    pool: PgPool,
    limits: Arc<Limits>,
    ambient: Ambient,
    waiting: mpsc::Receiver<Pending>,
    /// Writes to a stream or receipt that a batch under way holds already: they come first in the next.
    held_back: Vec<Pending>,
    /// The marks of the streams and receipts that batches under way hold.
    held: HashSet<u64>,
    held_by: HashMap<task::Id, Vec<u64>>,
    marker: RandomState,
    under_way: JoinSet<Landed>,
    idle: Vec<PoolConnection<Postgres>>,
    way: Way,
    partition_year: i16,
}

impl Task {
    pub(super) fn new(
        pool: PgPool,
        limits: Arc<Limits>,
        ambient: Ambient,
        waiting: mpsc::Receiver<Pending>,
    ) -> Self {
        Self {
            pool,
            limits,
            ambient,
            waiting,
            held_back: Vec::new(),
            held: HashSet::new(),
            held_by: HashMap::new(),
            marker: RandomState::new(),
            under_way: JoinSet::new(),
            idle: Vec::new(),
            way: Way::AsExpected,
            partition_year: i16::MIN,
        }
    }

    /// Works until every handle is gone and nothing waits.
    pub(super) async fn run(mut self, plenty: Arc<Notify>) {
        loop {
            let idle = self.under_way.is_empty();
            tokio::select! {
                biased;
                Some(landed) = self.under_way.join_next_with_id() => {
                    self.land(landed);
                    // Those who were just answered may have the next write ready.
                    task::yield_now().await;
                    if self.under_way.is_empty() || self.waiting.len() >= PLENTY {
                        self.set_out(None).await;
                    }
                }
                () = plenty.notified(), if !idle && self.under_way.len() < LANES as usize => {
                    if self.waiting.len() >= PLENTY {
                        self.set_out(None).await;
                    }
                }
                first = self.waiting.recv(), if idle => match first {
                    Some(first) => self.set_out(Some(first)).await,
                    None => return,
                },
            }
        }
    }

    fn land(&mut self, landed: Result<(task::Id, Landed), JoinError>) {
        let id = match landed {
            Ok((id, landed)) => {
                self.idle.extend(landed.connection);
                self.way = landed.way;
                id
            }
            Err(error) => {
                // Its waiters know by their broken channels.
                tracing::error!(%error, "store.log.append broke off");
                error.id()
            }
        };
        for mark in self.held_by.remove(&id).unwrap_or_default() {
            self.held.remove(&mark);
        }
    }

    /// Sends what waits on its way, if anything does.
    async fn set_out(&mut self, first: Option<Pending>) {
        let gathered = self.gather(first);
        if gathered.batch.is_empty() {
            return;
        }
        metrics::histogram!("annals_log_batch_events")
            .record(u32::try_from(gathered.events).unwrap_or(u32::MAX));
        let now = self.ambient.now();
        self.ensure_partition(now).await;
        let connection = self.idle.pop();
        let flight = lane::Flight {
            pool: self.pool.clone(),
            connection,
            batch: gathered.batch,
            way: if gathered.has_empty_write {
                Way::Judged
            } else {
                self.way
            },
            now,
        };
        let id = self.under_way.spawn(flight.run()).id();
        self.held_by.insert(id, gathered.marks);
    }

    /// Takes what waits, up to the limits.
    fn gather(&mut self, first: Option<Pending>) -> Gathered {
        let mut gathered = Gathered::default();
        for pending in std::mem::take(&mut self.held_back).into_iter().chain(first) {
            self.take(&mut gathered, pending);
        }
        while gathered.events < self.limits.transaction_events
            && gathered.bytes < self.limits.transaction_bytes
        {
            match self.waiting.try_recv() {
                Ok(pending) => self.take(&mut gathered, pending),
                Err(_) => break,
            }
        }
        gathered
    }

    /// A batch holds one write a stream and one a receipt, and none that another batch under way holds, so
    /// that each is judged by what is committed.
    fn take(&mut self, gathered: &mut Gathered, pending: Pending) {
        let write = &pending.sealed.write;
        if pending.answer.is_closed() && write.receipt.is_none() {
            return; // Nobody waits for it any more, and it did not happen yet.
        }
        let marks = self.marks(write);
        if marks.iter().flatten().any(|mark| self.held.contains(mark)) {
            self.held_back.push(pending);
            return;
        }
        let marks = marks.into_iter().flatten();
        for mark in marks {
            self.held.insert(mark);
            gathered.marks.push(mark);
        }
        gathered.events += write.events.len();
        gathered.bytes += write.bytes();
        gathered.has_empty_write |= write.events.is_empty();
        gathered.batch.push(pending);
    }

    /// Stands for a write's stream and receipt. Two that share a mark by chance only wait for each other.
    fn marks(&self, write: &Write) -> [Option<u64>; 2] {
        let stream = write
            .expected
            .map(|_| self.marker.hash_one((write.aggregate_type, &write.stored_id)));
        let receipt = write.receipt.map(|receipt| self.marker.hash_one(receipt.key));
        [stream, receipt]
    }

    /// Makes sure of the year's partition; when that fails, the append will say why.
    async fn ensure_partition(&mut self, now: Timestamp) {
        let year = now.to_zoned(jiff::tz::TimeZone::UTC).year();
        if year == self.partition_year {
            return;
        }
        let ensured = async {
            let mut connection = match self.idle.pop() {
                Some(connection) => connection,
                None => self.pool.acquire().await?,
            };
            batch::ensure_partition(&mut connection, now).await?;
            self.idle.push(connection);
            Ok::<_, sqlx::Error>(())
        };
        if ensured.await.is_ok() {
            self.partition_year = year;
        }
    }
}

#[derive(Default)]
struct Gathered {
    batch: Vec<Pending>,
    marks: Vec<u64>,
    events: usize,
    bytes: usize,
    has_empty_write: bool,
}
