//! What the other rooms hold: one handle to the log.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use domain::{StreamId, TenantId};
use jiff::SignedDuration;
use postgres_es::PostgresEventRepository;
use sqlx::PgPool;
use tokio::task::JoinHandle;

use crate::ambient::Ambient;
use crate::commands::{StateCache, ToldMeans};
use crate::database::{Role, pool};
use crate::error::ReadError;
use crate::log::{Appender, LANES, Limits, Log, Write};
use crate::tail::Tail;
use crate::vault::{MasterKeys, Vault, VaultError, check_clear, erases, head_without_keys};

/// How a process opens the log.
#[derive(Clone)]
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
    /// Who wraps the keys of personal data; without it, personal data is stored in the clear, and a database in which
    /// some is sealed is not opened.
    pub master_keys: Option<Arc<dyn MasterKeys>>,
    /// After which time the means by which a caller comes are told again; zero: they are never told.
    pub means_told_every: SignedDuration,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The URL may hold a password.
        f.debug_struct("store::Options")
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
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
            master_keys: None,
            means_told_every: SignedDuration::ZERO,
        }
    }

    /// The same, sealing personal data with these master keys.
    #[must_use]
    pub fn sealing(mut self, master_keys: Arc<dyn MasterKeys>) -> Self {
        self.master_keys = Some(master_keys);
        self
    }

    /// The same, telling the means by which callers come, and again after this time.
    #[must_use]
    pub const fn telling_means(mut self, every: SignedDuration) -> Self {
        self.means_told_every = every;
        self
    }
}

/// The position of the last erasure, of whatever tenant, that this process has seen: no follower sees an event behind it
/// before. What somebody keeps of events from before it may tell what is erased. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Erasures(Arc<AtomicU64>);

impl Erasures {
    /// The position; 0 when there was none since the process began.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.0.load(Ordering::Acquire)
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
    means: Arc<ToldMeans>,
    erasures: Erasures,
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
    /// [`ReadError`] when the database is away or not migrated, or its master key is not given.
    pub async fn open(options: Options) -> Result<Self, ReadError> {
        let limits = Arc::new(options.limits);
        let cache = Arc::new(StateCache::new(limits.cached_states));
        let streams_pool = pool(&options.url, Role::Appender, options.stream_connections)?;
        let readers = pool(&options.url, Role::Projector, options.reader_connections + 1)?;
        let vault = match options.master_keys {
            Some(masters) => Some(Vault::open(streams_pool.clone(), masters, options.ambient.now()).await?),
            None => match head_without_keys(&streams_pool).await? {
                Some(wanted) => return Err(VaultError::NoMasterKey { wanted }.into()),
                None => None,
            },
        };
        let log = Log::new(readers.clone()).opened_by(vault);
        let means = Arc::new(ToldMeans::new(options.means_told_every));
        let (observed, told) = (Arc::clone(&cache), Arc::clone(&means));
        let erasures = Erasures::default();
        let noted = erasures.clone();
        let (tail, listening) = Tail::start(log.clone(), readers, options.ring, move |event| {
            if erases(&event.event_type) {
                observed.forget_all();
                told.forget_all();
                noted.0.fetch_max(event.position, Ordering::Release);
            }
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
                means,
                erasures,
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

    /// Opens the personal data of this log for other readers of this process; `None`: it is stored in the clear.
    #[must_use]
    pub fn vault(&self) -> Option<&Vault> {
        self.shared.log.vault()
    }

    /// The erasures that this process has seen in the log.
    #[must_use]
    pub fn erasures(&self) -> &Erasures {
        &self.shared.erasures
    }

    /// Seals what is personal in writes, or makes sure that nothing pretends to be sealed.
    pub(crate) async fn seal(&self, writes: &mut [Write]) -> Result<(), VaultError> {
        match self.vault() {
            Some(vault) => vault.seal(writes, self.ambient().now()).await,
            None => check_clear(writes),
        }
    }

    /// Forgets what is opened in memory: an erasure of this process need not wait until it comes back by the tail.
    pub(crate) fn drop_opened(&self, tenant: TenantId) {
        self.cache().forget_all();
        self.told_means().forget_all();
        if let Some(vault) = self.vault() {
            vault.drop_keys(tenant);
        }
    }

    pub(crate) fn appender(&self) -> &Appender {
        &self.shared.appender
    }

    pub(crate) fn cache(&self) -> &StateCache {
        &self.shared.cache
    }

    pub(crate) fn told_means(&self) -> &ToldMeans {
        &self.shared.means
    }

    pub(crate) fn streams(&self) -> &PostgresEventRepository {
        &self.shared.streams
    }

    /// Whether anything was ever appended to a stream, archived or not.
    ///
    /// # Errors
    /// [`ReadError::Unavailable`] when the database is away.
    pub async fn has_stream(&self, stream: &StreamId) -> Result<bool, ReadError> {
        let is_there = sqlx::query_scalar!(
            r#"select exists (select from streams where aggregate_type = $1 and aggregate_id = $2) as "is_there!""#,
            stream.aggregate_type,
            stream.stored_id()
        )
        .fetch_one(self.streams_pool())
        .await?;
        Ok(is_there)
    }

    pub(crate) fn streams_pool(&self) -> &PgPool {
        &self.shared.streams_pool
    }
}
