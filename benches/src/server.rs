//! A private PostgreSQL as in production: `fsync` and `synchronous_commit` on.

use std::ffi::OsString;
use std::sync::atomic::{AtomicU64, Ordering};

use cluster::{Binaries, Cluster, Shutdown};
use store::{Options, Role, Store};

/// The server that all runs share, a fresh database each.
pub(crate) struct Server {
    cluster: Cluster,
    pub(crate) binaries: Binaries,
    databases: AtomicU64,
    _folder: tempfile::TempDir,
}

impl Server {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("annals-bench").tempdir()?;
        let binaries = Binaries::find(search_path().as_deref())?;
        let mut options = cluster::Options::throwaway(folder.path(), binaries.clone())
            .setting("max_connections", "400")
            .setting("shared_buffers", "1GB")
            .setting("max_wal_size", "8GB");
        options.durability = cluster::Durability::Full;
        let cluster = Cluster::start(options).await?;
        Ok(Self {
            cluster,
            binaries,
            databases: AtomicU64::new(0),
            _folder: folder,
        })
    }

    pub(crate) fn socket_dir(&self) -> &std::path::Path {
        self.cluster.socket_dir()
    }

    /// A name that no database has yet.
    pub(crate) fn fresh_name(&self) -> String {
        format!("bench_{}", self.databases.fetch_add(1, Ordering::Relaxed))
    }

    /// The URL of a database of this server.
    pub(crate) fn url(&self, database: &str) -> String {
        self.cluster.url(database)
    }

    /// The process of the server.
    pub(crate) fn postmaster(&self) -> u32 {
        self.cluster.pid()
    }

    /// A pool of a database's owner.
    pub(crate) fn owner(&self, url: &str) -> anyhow::Result<sqlx::PgPool> {
        Ok(store::pool(url, Role::Owner, 1)?)
    }

    /// The URL of a fresh, migrated database.
    pub(crate) async fn database(&self) -> anyhow::Result<(String, String)> {
        let name = self.fresh_name();
        let url = self.url(&name);
        store::ensure_database(&url).await?;
        let owner = store::pool(&url, Role::Owner, 1)?;
        store::migrate(&owner).await?;
        owner.close().await;
        Ok((name, url))
    }

    /// The log on a fresh database.
    pub(crate) async fn store(&self) -> anyhow::Result<(String, Store)> {
        let (_, url) = self.database().await?;
        let store = self.open(&url).await?;
        Ok((url, store))
    }

    /// The log on a database that is there.
    pub(crate) async fn open(&self, url: &str) -> anyhow::Result<Store> {
        Ok(Store::open(Options::new(url, testkit::ambient(2))).await?)
    }

    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        Ok(self.cluster.stop(Shutdown::Fast).await?)
    }
}

/// Where programs are looked for.
#[expect(clippy::disallowed_methods, reason = "a benchmark is a program of its own")]
pub(crate) fn search_path() -> Option<OsString> {
    std::env::var_os("PATH")
}
