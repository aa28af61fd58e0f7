//! The peers that come as Node packages: message-db's `write_message`, and Emmett's PostgreSQL store.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use futures::future::join_all;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgConnection};
use tokio::process::Command;

use crate::commands::FILLER;
use crate::cpu::{Measured, per_second};
use crate::peers::pgbench_script;
use crate::server::{Server, search_path};

/// What [`find`] has found.
pub(crate) struct Packages {
    folder: PathBuf,
    node: PathBuf,
}

/// Finds Node and the packages; the error names what is missing and how to get it.
pub(crate) fn find() -> anyhow::Result<Packages> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers");
    let path = search_path();
    let node = path
        .iter()
        .flat_map(|path| std::env::split_paths(OsStr::new(path)))
        .map(|folder| folder.join("node"))
        .find(|node| node.is_file())
        .context(
            "Node is missing: install Node 20 or newer (https://nodejs.org), then run scripts/bench-peers",
        )?;
    anyhow::ensure!(
        folder.join("node_modules/@event-driven-io").is_dir(),
        "their packages are missing: run scripts/bench-peers"
    );
    Ok(Packages { folder, node })
}

impl Packages {
    /// `write_message` in one category, each message in a new stream, over sqlx: a prepared statement from a
    /// pool of as many connections as writers.
    pub(crate) async fn message_db(
        &self,
        server: &Server,
        writers: usize,
        span: Duration,
    ) -> anyhow::Result<u64> {
        let name = self.install_message_db(server).await?;
        let options = PgConnectOptions::from_str(&server.url(&name))?.options([SEARCH_PATH]);
        let connections = u32::try_from(writers)?;
        let pool = PgPoolOptions::new()
            .min_connections(connections)
            .max_connections(connections)
            .connect_with(options)
            .await?;
        let (streams, data) = (Arc::new(AtomicU64::new(0)), data());
        let begun = Instant::now();
        let tasks = (0..writers).map(|_| {
            let (pool, streams, data) = (pool.clone(), Arc::clone(&streams), data.clone());
            tokio::spawn(async move {
                let mut done = 0_u64;
                while begun.elapsed() < span {
                    let number = streams.fetch_add(1, Ordering::Relaxed);
                    sqlx::query("select write_message($1, $2, 'lead.captured', $3::jsonb, '{}', -1)")
                        .bind(format!("00000000-0000-4000-8000-{number:012x}"))
                        .bind(format!("lead-{number}"))
                        .bind(&data)
                        .execute(&pool)
                        .await?;
                    done += 1;
                }
                anyhow::Ok(done)
            })
        });
        let mut total = 0;
        for task in join_all(tasks).await {
            total += task??;
        }
        let rate = per_second(total, begun.elapsed());
        pool.close().await;
        Ok(rate)
    }

    /// The same by pgbench, prepared.
    pub(crate) async fn message_db_pgbench(
        &self,
        server: &Server,
        writers: usize,
        span: Duration,
    ) -> anyhow::Result<u64> {
        let name = self.install_message_db(server).await?;
        let mut owner = PgConnection::connect(&server.url(&name)).await?;
        let prepare = format!(
            "create sequence peer_ids cache 1000; alter database {name} set search_path = message_store, public"
        );
        sqlx::raw_sql(&prepare).execute(&mut owner).await?;
        owner.close().await?;
        let script = format!(
            "select write_message(gen_random_uuid()::varchar, 'lead-' || nextval('public.peer_ids'), \
             'lead.captured', '{}', '{{}}', -1);\n",
            data()
        );
        Ok(pgbench_script(server, &name, &script, (writers, span))
            .await?
            .rate)
    }

    /// A fresh database with message-db in it, by its own script.
    async fn install_message_db(&self, server: &Server) -> anyhow::Result<String> {
        let name = server.fresh_name();
        let programs = server.binaries.folder();
        let path = std::env::join_paths(
            std::iter::once(programs.to_owned()).chain(
                search_path()
                    .iter()
                    .flat_map(|path| std::env::split_paths(OsStr::new(path))),
            ),
        )?;
        let output = Command::new("bash")
            .arg(
                self.folder
                    .join("node_modules/@eventide/message-db/database/install.sh"),
            )
            .env("PATH", path)
            .env("PGHOST", server.socket_dir())
            .env("PGUSER", "postgres")
            .env("DATABASE_NAME", &name)
            .output()
            .await?;
        anyhow::ensure!(
            output.status.success(),
            "message-db's install.sh: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(name)
    }

    /// Emmett's store in a Node process of its own, with its own pool of ten connections.
    pub(crate) async fn emmett(
        &self,
        server: &Server,
        writers: usize,
        span: Duration,
    ) -> anyhow::Result<u64> {
        let name = server.fresh_name();
        let url = server.url(&name);
        store::ensure_database(&url).await?;
        let output = Command::new(&self.node)
            .current_dir(&self.folder)
            .args(["emmett.mjs", &url, &writers.to_string()])
            .args([span.as_millis().to_string(), FILLER.to_string()])
            .output()
            .await?;
        let text = String::from_utf8_lossy(&output.stdout);
        let rate = text.lines().last().and_then(|line| line.trim().parse().ok());
        rate.with_context(|| format!("Emmett: {text}{}", String::from_utf8_lossy(&output.stderr)))
    }

    /// Emmett's rollup: how many events a second, and how many it counted. `mode` is `inline`, `async` or `rebuild`.
    pub(crate) async fn emmett_projection(
        &self,
        server: &Server,
        mode: &str,
        (writers, events): (usize, u64),
    ) -> anyhow::Result<(Measured, u64)> {
        let url = server.url(&server.fresh_name());
        store::ensure_database(&url).await?;
        let output = Command::new(&self.node)
            .current_dir(&self.folder)
            .args(["emmett_projection.mjs", &url, mode])
            .args([writers.to_string(), events.to_string()])
            .output()
            .await?;
        let text = String::from_utf8_lossy(&output.stdout);
        let numbers = text.lines().last().and_then(|line| {
            let (rate, counted) = line.trim().split_once(' ')?;
            Some((rate.parse().ok()?, counted.parse().ok()?))
        });
        let (rate, counted) = numbers.with_context(|| {
            format!(
                "Emmett, {mode}: {text}{}",
                String::from_utf8_lossy(&output.stderr)
            )
        })?;
        let measured = Measured {
            rate,
            ..Measured::default()
        };
        Ok((measured, counted))
    }
}

const SEARCH_PATH: (&str, &str) = ("search_path", "message_store,public");

fn data() -> String {
    format!(
        r#"{{"vertical":"sales","source":"{}","captured_at":"2026-03-02T12:00:00Z"}}"#,
        "x".repeat(FILLER)
    )
}
