//! The group-committing appender: gathers the writes that wait and commits them in one transaction.
//!
//! It adds no wait: an idle appender commits the first write at once, and whatever arrives while it
//! commits forms the next batch. The queue is bounded; when it is full, writers are pushed back.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::Timestamp;
use sqlx::pool::PoolConnection;
use sqlx::{PgPool, Postgres};
use tokio::sync::{mpsc, oneshot};

use super::batch;
use super::write::{Limits, Outcome, Write};
use crate::ambient::Ambient;
use crate::error::{Rejection, Unavailable};

/// Why a write did not come through.
#[derive(Debug)]
pub(crate) enum AppendError {
    Rejected(Rejection),
    Unavailable(Unavailable),
}

type Answer = oneshot::Sender<Result<Outcome, AppendError>>;

struct Pending {
    write: Write,
    answer: Answer,
}

/// The handle that commands hold.
#[derive(Clone, Debug)]
pub(crate) struct Appender {
    queue: mpsc::Sender<Pending>,
    limits: Arc<Limits>,
    ambient: Ambient,
}

impl Appender {
    /// Starts the appender's task; it ends when every handle is gone and the queue is empty.
    pub(crate) fn start(
        pool: PgPool,
        limits: Arc<Limits>,
        ambient: Ambient,
    ) -> (Self, tokio::task::JoinHandle<()>) {
        let (queue, waiting) = mpsc::channel(limits.queue);
        let task = Task {
            pool,
            limits: Arc::clone(&limits),
            ambient: ambient.clone(),
            waiting,
            connection: None,
            held_back: Vec::new(),
        };
        let handle = tokio::spawn(task.run());
        (
            Self {
                queue,
                limits,
                ambient,
            },
            handle,
        )
    }

    /// Puts a write into the queue and waits until it is durable, or is turned down.
    pub(crate) async fn append(&self, write: Write) -> Result<Outcome, AppendError> {
        self.submit(write)?
            .await
            .unwrap_or_else(|_| Err(AppendError::Unavailable(stopped())))
    }

    /// Puts a write into the queue; the receiver tells what became of it.
    pub(crate) fn submit(
        &self,
        write: Write,
    ) -> Result<oneshot::Receiver<Result<Outcome, AppendError>>, AppendError> {
        write
            .check(&self.limits, self.ambient.now())
            .map_err(AppendError::Rejected)?;
        let (answer, outcome) = oneshot::channel();
        self.queue.try_send(Pending { write, answer }).map_err(|error| {
            AppendError::Unavailable(match error {
                mpsc::error::TrySendError::Full(_) => {
                    metrics::counter!("annals_log_pushed_back_total").increment(1);
                    Unavailable::new(format!("{} writes are waiting already", self.limits.queue))
                }
                mpsc::error::TrySendError::Closed(_) => stopped(),
            })
        })?;
        Ok(outcome)
    }
}

fn stopped() -> Unavailable {
    Unavailable::new("the appender has stopped")
}

struct Task {
    pool: PgPool,
    limits: Arc<Limits>,
    ambient: Ambient,
    waiting: mpsc::Receiver<Pending>,
    connection: Option<PoolConnection<Postgres>>,
    /// Writes to a stream or receipt that the last batch held already: they come first in the next.
    held_back: Vec<Pending>,
}

impl Task {
    async fn run(mut self) {
        let mut partition_year = i16::MIN;
        while let Some(batch) = self.gather().await {
            let now = self.ambient.now();
            let year = now.to_zoned(jiff::tz::TimeZone::UTC).year();
            if year != partition_year && self.ensure_partition(now).await.is_ok() {
                partition_year = year;
            }
            self.commit(batch, now).await;
        }
    }

    /// Takes what waits, up to the limits; waits only when there is nothing at all.
    async fn gather(&mut self) -> Option<Vec<Pending>> {
        let mut gathered = Gathered::default();
        for pending in std::mem::take(&mut self.held_back) {
            self.take(&mut gathered, pending);
        }
        if gathered.batch.is_empty() {
            let first = self.waiting.recv().await?;
            self.take(&mut gathered, first);
        }
        while gathered.events < self.limits.transaction_events
            && gathered.bytes < self.limits.transaction_bytes
        {
            match self.waiting.try_recv() {
                Ok(pending) => self.take(&mut gathered, pending),
                Err(_) => break,
            }
        }
        metrics::histogram!("annals_log_batch_events")
            .record(u32::try_from(gathered.events).unwrap_or(u32::MAX));
        Some(gathered.batch)
    }

    /// A batch holds one write a stream and one a receipt, so that each is judged by what is committed.
    fn take(&mut self, gathered: &mut Gathered, pending: Pending) {
        if pending.answer.is_closed() && pending.write.receipt.is_none() {
            return; // Nobody waits for it any more, and it did not happen yet.
        }
        let write = &pending.write;
        let receipt = write.receipt.map(|receipt| receipt.key);
        let stream = write
            .expected
            .map(|_| (write.aggregate_type, write.stored_id.clone()));
        let taken = receipt.is_some_and(|key| gathered.receipts.contains(&key))
            || stream
                .as_ref()
                .is_some_and(|stream| gathered.streams.contains(stream));
        if taken {
            self.held_back.push(pending);
            return;
        }
        gathered.receipts.extend(receipt);
        gathered.streams.extend(stream);
        gathered.events += write.events.len();
        gathered.bytes += write.bytes();
        gathered.batch.push(pending);
    }

    /// The task's own connection, taken; whoever finds it whole puts it back.
    async fn connection(&mut self) -> Result<PoolConnection<Postgres>, sqlx::Error> {
        match self.connection.take() {
            Some(connection) => Ok(connection),
            None => self.pool.acquire().await,
        }
    }

    /// Makes sure of the year's partition, on the task's own connection.
    async fn ensure_partition(&mut self, now: Timestamp) -> Result<(), sqlx::Error> {
        let mut connection = self.connection().await?;
        batch::ensure_partition(&mut connection, now).await?;
        self.connection = Some(connection);
        Ok(())
    }

    async fn commit(&mut self, batch: Vec<Pending>, now: Timestamp) {
        let writes: Vec<&Write> = batch.iter().map(|pending| &pending.write).collect();
        match self.append(&writes, now).await {
            Ok(outcomes) => {
                for (pending, outcome) in batch.into_iter().zip(outcomes) {
                    drop(pending.answer.send(Ok(outcome)));
                }
            }
            Err(error) if is_about_the_data(&error) && batch.len() > 1 => {
                // Something in the batch is broken: each write alone finds out which.
                for pending in batch {
                    let outcome = self.append(&[&pending.write], now).await;
                    drop(
                        pending
                            .answer
                            .send(outcome.map(|mut one| one.remove(0)).map_err(turned_down)),
                    );
                }
            }
            Err(error) => {
                tracing::warn!(%error, writes = batch.len(), "store.log.append failed");
                let reason = error.to_string();
                for pending in batch {
                    let down = if is_about_the_data(&error) {
                        AppendError::Rejected(Rejection::Broken {
                            reason: reason.clone(),
                        })
                    } else {
                        AppendError::Unavailable(Unavailable::new(reason.clone()))
                    };
                    drop(pending.answer.send(Err(down)));
                }
            }
        }
    }

    /// Appends on the task's own connection; one that failed is dropped, and the next batch opens another.
    async fn append(&mut self, writes: &[&Write], now: Timestamp) -> Result<Vec<Outcome>, sqlx::Error> {
        let mut connection = self.connection().await?;
        let outcomes = batch::append(&mut connection, writes, now).await;
        match &outcomes {
            Err(error) if !is_about_the_data(error) => drop(connection.detach()),
            _ => self.connection = Some(connection),
        }
        outcomes
    }
}

#[derive(Default)]
struct Gathered {
    batch: Vec<Pending>,
    streams: HashSet<(&'static str, String)>,
    receipts: HashSet<sqlx::types::Uuid>,
    events: usize,
    bytes: usize,
}

/// SQLSTATE classes 22 (data exception) and 23 (integrity) speak of a row; all others of the database.
fn is_about_the_data(error: &sqlx::Error) -> bool {
    let code = error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| code.starts_with("22") || code.starts_with("23"))
}

fn turned_down(error: sqlx::Error) -> AppendError {
    if is_about_the_data(&error) {
        AppendError::Rejected(Rejection::Broken {
            reason: error.to_string(),
        })
    } else {
        AppendError::Unavailable(error.into())
    }
}
