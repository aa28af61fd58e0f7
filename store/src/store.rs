//! What the other rooms hold: one handle to the log.

use std::sync::Arc;

use postgres_es::PostgresEventRepository;
use sqlx::PgPool;
use tokio::task::JoinHandle;

use crate::ambient::Ambient;
use crate::commands::StateCache;
use crate::database::{Role, pool};
use crate::error::ReadError;
use crate::log::{Appender, LANES, Limits, Log};
use crate::tail::Tail;

/// How a process opens the log.
#[derive(Clone, Debug)]
pub struct Options {
    /// The database's URL; its user may take the roles of `migrations/0001_roles.sql`.
    pub url: String,
    /// The process's clock and ids.
    pub ambient: Ambient,
    /// Bounds of what the log takes.
    pub limits: Limits,
    /// Connections that load streams and receipts.
    pub stream_connections: u32,
    /// Connections that read the log in order.
    pub reader_connections: u32,
    /// Recent events kept for all followers: number, and bytes of payload.
    pub ring: (usize, usize),
}

impl Options {
    /// The defaults for a database.
    #[must_use]
    pub fn new(url: impl Into<String>, ambient: Ambient) -> Self {
        Self {
            url: url.into(),
            ambient,
            limits: Limits::default(),
            stream_connections: 4,
            reader_connections: 4,
            ring: (20_000, 32 * 1024 * 1024),
        }
    }
}

/// The event log, open. Cheap to clone; the last clone's end stops the appender once its queue is empty.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
}

struct Shared {
    appender: Appender,
    cache: Arc<StateCache>,
    streams: PostgresEventRepository,
    streams_pool: PgPool,
    log: Log,
    tail: Tail,
    limits: Arc<Limits>,
    ambient: Ambient,
    tasks: [JoinHandle<()>; 2],
}

impl Drop for Shared {
    fn drop(&mut self) {
        // The appender's task ends by itself when its queue is empty; the tail has nothing to finish.
        self.tasks[1].abort();
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Store")
    }
}

impl Store {
    /// Opens the log of a database that is migrated, and starts its appender and its tail.
    ///
    /// # Errors
    /// [`ReadError`] when the database is away or not migrated.
    pub async fn open(options: Options) -> Result<Self, ReadError> {
        let limits = Arc::new(options.limits);
        let cache = Arc::new(StateCache::new(limits.cached_states));
        let streams_pool = pool(&options.url, Role::Appender, options.stream_connections)?;
        let readers = pool(&options.url, Role::Projector, options.reader_connections + 1)?;
        let log = Log::new(readers.clone());
        let observed = Arc::clone(&cache);
        let (tail, listening) = Tail::start(log.clone(), readers, options.ring, move |event| {
            observed.observe(
                event.stream.aggregate_type,
                event.stream.stored_id(),
                event.sequence,
            );
        })
        .await?;
        let writer = pool(&options.url, Role::Appender, LANES)?;
        let (appender, appending) = Appender::start(writer, Arc::clone(&limits), options.ambient.clone());
        Ok(Self {
            shared: Arc::new(Shared {
                appender,
                cache,
                streams: PostgresEventRepository::new(streams_pool.clone()),
                streams_pool,
                log,
                tail,
                limits,
                ambient: options.ambient,
                tasks: [appending, listening],
            }),
        })
    }

    /// Reads the log in order.
    #[must_use]
    pub fn log(&self) -> &Log {
        &self.shared.log
    }

    /// Follows the log live.
    #[must_use]
    pub fn tail(&self) -> &Tail {
        &self.shared.tail
    }

    /// The process's clock and ids.
    #[must_use]
    pub fn ambient(&self) -> &Ambient {
        &self.shared.ambient
    }

    /// Bounds of what the log takes.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.shared.limits
    }

    pub(crate) fn appender(&self) -> &Appender {
        &self.shared.appender
    }

    pub(crate) fn cache(&self) -> &StateCache {
        &self.shared.cache
    }

    pub(crate) fn streams(&self) -> &PostgresEventRepository {
        &self.shared.streams
    }

    pub(crate) fn streams_pool(&self) -> &PgPool {
        &self.shared.streams_pool
    }
}
