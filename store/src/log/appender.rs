//! The group-committing appender's door: writes queue here, and are answered when they are durable.
//!
//! It adds no wait: an idle appender commits the first write at once, and whatever arrives while it
//! commits forms the next batch. The queue is bounded; when it is full, writers are pushed back.

use std::sync::Arc;

use sqlx::PgPool;
use tokio::sync::{Notify, mpsc, oneshot};

use super::task::{PLENTY, Task};
use super::write::{Limits, Outcome, Sealed, Write};
use crate::ambient::Ambient;
use crate::error::{Rejection, Unavailable};

/// Why a write did not come through.
#[derive(Debug)]
pub(crate) enum AppendError {
    Rejected(Rejection),
    Unavailable(Unavailable),
}

/// A write that waits, and who waits for it.
pub(super) struct Pending {
    pub(super) sealed: Sealed,
    pub(super) answer: oneshot::Sender<Result<Outcome, AppendError>>,
}

/// The handle that commands hold.
#[derive(Clone, Debug)]
pub(crate) struct Appender {
    queue: mpsc::Sender<Pending>,
    plenty: Arc<Notify>,
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
        let plenty = Arc::new(Notify::new());
        let task = Task::new(pool, Arc::clone(&limits), ambient.clone(), waiting);
        let handle = tokio::spawn(task.run(Arc::clone(&plenty)));
        let appender = Self {
            queue,
            plenty,
            limits,
            ambient,
        };
        (appender, handle)
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
        let sealed = Sealed::from(write);
        self.queue.try_send(Pending { sealed, answer }).map_err(|error| {
            AppendError::Unavailable(match error {
                mpsc::error::TrySendError::Full(_) => {
                    metrics::counter!("annals_log_pushed_back_total").increment(1);
                    Unavailable::new(format!("{} writes are waiting already", self.limits.queue))
                }
                mpsc::error::TrySendError::Closed(_) => stopped(),
            })
        })?;
        if self.limits.queue - self.queue.capacity() >= PLENTY {
            self.plenty.notify_one();
        }
        Ok(outcome)
    }
}

fn stopped() -> Unavailable {
    Unavailable::new("the appender has stopped")
}
