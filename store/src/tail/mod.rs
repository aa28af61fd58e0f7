//! Live followers: one listener a process fills a ring that they all read; the table is the fallback.

mod feed;
mod follower;
mod ring;

pub use feed::{Feed, Part, Progress};
pub use follower::{Follower, Step};

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::RecordedEvent;
use sqlx::postgres::PgListener;
use tokio::sync::watch;

use crate::error::ReadError;
use crate::log::{Filter, Log};
use ring::Ring;

const CHANNEL: &str = "annals_log";
/// How long the tail trusts the notifications before it looks for itself.
const POLL: Duration = Duration::from_secs(1);
const PAGE: u32 = 2_000;

/// The end of the log as it grows. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Tail {
    log: Log,
    ring: Arc<Mutex<Ring>>,
    seen: watch::Receiver<u64>,
    is_fed: bool,
}

impl Tail {
    /// Starts the listener, with a ring of up to `events` events and `bytes` bytes of payload.
    /// `observe` is told of every event once, in order.
    ///
    /// # Errors
    /// When the log's head can't be read.
    pub(crate) async fn start(
        log: Log,
        pool: sqlx::PgPool,
        bounds: (usize, usize),
        observe: impl Fn(&RecordedEvent) + Send + Sync + 'static,
    ) -> Result<(Self, tokio::task::JoinHandle<()>), ReadError> {
        let head = log.head().await?;
        let (seen, watching) = watch::channel(head);
        let ring = Arc::new(Mutex::new(Ring::new(head, bounds.0, bounds.1)));
        let tail = Self {
            log: log.clone(),
            ring: Arc::clone(&ring),
            seen: watching,
            is_fed: false,
        };
        let listener = Listener {
            log,
            pool,
            ring,
            seen,
            observe,
        };
        Ok((tail, tokio::spawn(listener.run())))
    }

    /// The last position that the tail has seen.
    #[must_use]
    pub fn position(&self) -> u64 {
        *self.seen.borrow()
    }

    /// Whether its events come by another way than from the table, and only some of them.
    #[must_use]
    pub const fn is_fed(&self) -> bool {
        self.is_fed
    }

    /// The events after a position that pass the filter: first the past, then the present, without a seam.
    #[must_use]
    pub fn follow(&self, after: u64, filter: Filter) -> Follower {
        Follower::new(self.clone(), after, filter)
    }

    fn ring(&self) -> std::sync::MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Listener<F> {
    log: Log,
    pool: sqlx::PgPool,
    ring: Arc<Mutex<Ring>>,
    seen: watch::Sender<u64>,
    observe: F,
}

impl<F: Fn(&RecordedEvent) + Send + Sync> Listener<F> {
    async fn run(self) {
        let mut notifications: Option<PgListener> = None;
        loop {
            if notifications.is_none() {
                notifications = self.listen().await;
            }
            if let Err(error) = self.catch_up().await {
                tracing::error!(%error, "store.tail.read stopped: it goes on when the event can be read");
            }
            // A notification, the poll, or a lost connection: each is a reason to look again.
            let woken = match &mut notifications {
                Some(listener) => tokio::time::timeout(POLL, listener.recv())
                    .await
                    .map(|got| got.is_ok()),
                None => tokio::time::timeout(POLL, std::future::pending()).await,
            };
            if matches!(woken, Ok(false)) {
                notifications = None;
            }
            if self.seen.is_closed() {
                return;
            }
        }
    }

    async fn listen(&self) -> Option<PgListener> {
        let mut listener = PgListener::connect_with(&self.pool).await.ok()?;
        listener.listen(CHANNEL).await.ok()?;
        Some(listener)
    }

    async fn catch_up(&self) -> Result<(), ReadError> {
        loop {
            let seen = *self.seen.borrow();
            let page = self.log.page(seen, &Filter::default(), PAGE).await?;
            let Some(last) = page.last().map(|event| event.position) else {
                return Ok(());
            };
            let full = page.len() == PAGE as usize;
            {
                let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
                for event in page {
                    (self.observe)(&event);
                    ring.push(Arc::new(event));
                }
            }
            self.seen.send_replace(last);
            if !full {
                return Ok(());
            }
        }
    }
}
