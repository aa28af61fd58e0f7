//! Connections: each part of the program works under the role with the least rights it needs.

use std::str::FromStr;

use sqlx::migrate::{MigrateDatabase, MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Executor, PgPool, Postgres};

static MIGRATIONS: Migrator = sqlx::migrate!("../migrations");

/// In whose name a connection works (`migrations/0001_roles.sql`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The user of the URL itself: migrations only.
    Owner,
    /// Appends to the log and reads streams.
    Appender,
    /// Reads the whole log and writes read models.
    Projector,
    /// Serves requests: sees one tenant's rows, the one that the transaction names.
    Gateway,
}

impl Role {
    /// The statements that put a fresh connection into this role.
    const fn setup(self) -> &'static str {
        match self {
            Self::Owner => "set timezone = 'UTC'",
            // The appender's small joins go through indexes, whatever the statistics say at the time.
            Self::Appender => {
                "set role annals_appender; set timezone = 'UTC'; set enable_seqscan = off; \
                 set enable_hashjoin = off; set enable_mergejoin = off; set jit = off; \
                 set plan_cache_mode = force_generic_plan; \
                 set statement_timeout = '10s'; set idle_in_transaction_session_timeout = '5s'"
            }
            Self::Projector => "set role annals_projector; set timezone = 'UTC'; set jit = off",
            Self::Gateway => {
                "set role annals_gateway; set timezone = 'UTC'; set jit = off; \
                 set statement_timeout = '30s'; set idle_in_transaction_session_timeout = '30s'"
            }
        }
    }
}

/// Opens a pool whose connections work under `role`; connects when first used.
///
/// # Errors
/// When `url` is no PostgreSQL URL.
pub fn pool(url: &str, role: Role, connections: u32) -> Result<PgPool, sqlx::Error> {
    let options = PgConnectOptions::from_str(url)?.application_name("annals");
    Ok(PgPoolOptions::new()
        .max_connections(connections)
        // No ping before each use: a connection that broke meanwhile fails one statement, and is replaced.
        .test_before_acquire(false)
        .acquire_timeout(std::time::Duration::from_secs(10))
        .after_connect(move |connection, _| {
            Box::pin(async move { connection.execute(role.setup()).await.map(drop) })
        })
        .connect_lazy_with(options))
}

/// Makes the database of a URL if it is missing.
///
/// # Errors
/// When the server is away, or the URL's user may not make databases.
pub async fn ensure_database(url: &str) -> Result<(), sqlx::Error> {
    if Postgres::database_exists(url).await? {
        return Ok(());
    }
    Postgres::create_database(url).await
}

/// The server's version as a number: 150018 is 15.18.
///
/// # Errors
/// When the server is away.
pub async fn server_version(pool: &PgPool) -> Result<i32, sqlx::Error> {
    sqlx::query_scalar!(r#"select current_setting('server_version_num')::int as "version!""#)
        .fetch_one(pool)
        .await
}

/// Brings the schema up to date, as the owner. Processes that do it at once wait for each other. Gives the versions that
/// were applied to a schema that was there before, in order; of a fresh one, none.
///
/// # Errors
/// When the database is away, or an applied migration was changed afterwards.
pub async fn migrate(owner: &PgPool) -> Result<Vec<i64>, MigrateError> {
    let before = applied(owner).await?;
    MIGRATIONS.run(owner).await?;
    if before.is_empty() {
        return Ok(Vec::new());
    }
    let mut new = applied(owner).await?;
    new.retain(|version| !before.contains(version));
    Ok(new)
}

async fn applied(owner: &PgPool) -> Result<Vec<i64>, sqlx::Error> {
    let is_there = "select to_regclass('_sqlx_migrations') is not null";
    if !sqlx::query_scalar(is_there).fetch_one(owner).await? {
        return Ok(Vec::new());
    }
    let versions = "select version from _sqlx_migrations where success order by version";
    sqlx::query_scalar(versions).fetch_all(owner).await
}
