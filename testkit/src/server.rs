//! The server of this test process, with the template in it.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::Context;
use cluster::{Binaries, Cluster, Options};
use sqlx::{Connection, PgConnection};
use tokio::sync::OnceCell;

/// The database that has all migrations and no rows beside theirs.
const TEMPLATE: &str = "annals_template";

/// Each test has a runtime of its own, so nothing here may hold a connection.
static SERVER: OnceCell<Server> = OnceCell::const_new();

/// A private server. It is never dropped: its watchdog ends it with the process.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) cluster: Cluster,
    databases: AtomicU32,
}

impl Server {
    /// The server of this process, started by the first caller.
    pub(crate) async fn of_this_process() -> anyhow::Result<&'static Self> {
        SERVER.get_or_try_init(Self::start).await
    }

    async fn start() -> anyhow::Result<Self> {
        #[expect(
            clippy::disallowed_methods,
            reason = "the tests have no configuration to take it from"
        )]
        let path = std::env::var_os("PATH");
        let binaries = Binaries::find(path.as_deref())?;
        // Root's server runs as another user, who must be able to pass. The watchdog removes the folder.
        let folder = tempfile::Builder::new()
            .prefix("annals-test-")
            .permissions(Permissions::from_mode(0o755))
            .tempdir()
            .context("no folder for the test server")?
            .keep();
        let options = Options::throwaway(folder, binaries)
            .setting("max_connections", "300")
            .setting("autovacuum", "off");
        let cluster = Cluster::start(options).await?;

        execute(&cluster.url("postgres"), &format!("create database {TEMPLATE}")).await?;
        let mut template = PgConnection::connect(&cluster.url(TEMPLATE)).await?;
        sqlx::migrate!("../migrations")
            .run_direct(&mut template)
            .await
            .context("the migrations fail")?;
        template.close().await?;
        Ok(Self {
            cluster,
            databases: AtomicU32::new(0),
        })
    }

    /// Makes a database and returns its name.
    pub(crate) async fn clone_template(&self) -> anyhow::Result<String> {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let sql = format!("create database {name} template {TEMPLATE}");
        execute(&self.cluster.url("postgres"), &sql).await?;
        Ok(name)
    }

    /// Removes a database, and ends the connections to it.
    pub(crate) async fn drop_database(&self, name: &str) -> anyhow::Result<()> {
        execute(
            &self.cluster.url("postgres"),
            &format!("drop database if exists {name} with (force)"),
        )
        .await
    }
}

async fn execute(url: &str, sql: &str) -> anyhow::Result<()> {
    let mut connection = PgConnection::connect(url).await?;
    sqlx::raw_sql(sql)
        .execute(&mut connection)
        .await
        .with_context(|| sql.to_owned())?;
    connection.close().await?;
    Ok(())
}
