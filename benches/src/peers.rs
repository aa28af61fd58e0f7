//! The peers of the command path: a framework on plain postgres-es, and plain INSERTs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cqrs_es::{CqrsFramework, persist::PersistedEventStore};
use domain::At;
use domain::lead::{Command, Lead};
use futures::future::join_all;
use jiff::Timestamp;
use postgres_es::PostgresEventRepository;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;

use crate::commands::{FILLER, capture};
use crate::cpu::{Measured, Watch};
use crate::server::Server;

const CONNECTIONS: u32 = 32;
/// Streams with a history, on which the commands go round.
pub(crate) const STREAMS: u64 = 2_000;

/// postgres-es's own table, as its README has it.
const TABLE: &str = "create table peer_events (aggregate_type text not null, aggregate_id text not null, \
     sequence bigint check (sequence >= 0) not null, event_type text not null, event_version text not null, \
     payload json not null, metadata json not null, timestamp timestamp with time zone default current_timestamp, \
     primary key (aggregate_type, aggregate_id, sequence))";

/// A fresh database with postgres-es's table, and a pool.
pub(crate) async fn database(server: &Server) -> anyhow::Result<(String, PgPool)> {
    let (name, url) = server.database().await?;
    let pool = PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .connect(&url)
        .await?;
    sqlx::query(TABLE).execute(&pool).await?;
    Ok((name, pool))
}

/// `CqrsFramework` on plain postgres-es, the same aggregate.
pub(crate) async fn postgres_es(
    server: &Server,
    writers: usize,
    span: Duration,
    history: u64,
) -> anyhow::Result<Measured> {
    let (_, pool) = database(server).await?;
    let framework = || {
        let repository =
            PostgresEventRepository::new(pool.clone()).with_tables("peer_events", "peer_snapshots");
        CqrsFramework::<Lead, _>::new(PersistedEventStore::new_event_store(repository), vec![], ())
    };
    let at = Timestamp::constant(1_772_452_800, 0);
    let prepared = STREAMS;
    if history > 0 {
        prepare(&pool, prepared, history, at).await?;
    }
    let (streams, framework) = (Arc::new(AtomicU64::new(0)), Arc::new(framework()));
    let watch = Watch::start(server);
    let tasks = (0..writers).map(|_| {
        let (streams, framework) = (Arc::clone(&streams), Arc::clone(&framework));
        tokio::spawn(async move {
            let mut done = 0_u64;
            while watch.elapsed() < span {
                let number = streams.fetch_add(1, Ordering::Relaxed);
                let (id, command) = if history == 0 {
                    (number, capture())
                } else {
                    (
                        number % prepared,
                        Command::Contact {
                            channel: "x".repeat(FILLER),
                        },
                    )
                };
                framework
                    .execute(&format!("lead-{id}"), At::new(at, command))
                    .await?;
                done += 1;
            }
            anyhow::Ok(done)
        })
    });
    total(tasks, watch).await
}

async fn total(
    tasks: impl Iterator<Item = tokio::task::JoinHandle<anyhow::Result<u64>>>,
    watch: Watch,
) -> anyhow::Result<Measured> {
    let mut total = 0;
    for task in join_all(tasks).await {
        // Two writers on one stream: the loser's command is not counted.
        total += task?.unwrap_or_default();
    }
    Ok(watch.stop(total))
}

async fn prepare(pool: &PgPool, streams: u64, history: u64, at: Timestamp) -> anyhow::Result<()> {
    let filler = "x".repeat(FILLER);
    let captured =
        format!(r#"{{"captured":{{"vertical":"sales","source":"{filler}","captured_at":"{at}"}}}}"#);
    let contacted = format!(
        r#"{{"contacted":{{"vertical":"sales","channel":"{filler}","number":1,"captured_at":"{at}"}}}}"#
    );
    sqlx::query(
        "insert into peer_events select 'lead', 'lead-' || s, n, case when n = 1 then 'lead.captured' else \
         'lead.contacted' end, '1', case when n = 1 then $1::json else $2::json end, '{}', now() \
         from generate_series(0, $3 - 1) s, generate_series(1, $4) n",
    )
    .bind(captured)
    .bind(contacted)
    .bind(i64::try_from(streams)?)
    .bind(i64::try_from(history)?)
    .execute(pool)
    .await?;
    Ok(())
}

/// A prepared INSERT of one row a commit, from a pool.
pub(crate) async fn pooled_insert(
    server: &Server,
    writers: usize,
    span: Duration,
) -> anyhow::Result<Measured> {
    let (_, pool) = database(server).await?;
    let payload = format!(
        r#"{{"captured":{{"vertical":"sales","source":"{}"}}}}"#,
        "x".repeat(FILLER)
    );
    let streams = Arc::new(AtomicU64::new(0));
    let watch = Watch::start(server);
    let tasks = (0..writers).map(|_| {
        let (pool, streams, payload) = (pool.clone(), Arc::clone(&streams), payload.clone());
        tokio::spawn(async move {
            let mut done = 0_u64;
            while watch.elapsed() < span {
                let number = streams.fetch_add(1, Ordering::Relaxed);
                sqlx::query(
                    "insert into peer_events values ('lead', $1, 1, 'lead.captured', '1', $2::json, '{}')",
                )
                .bind(format!("lead-{number}"))
                .bind(&payload)
                .execute(&pool)
                .await?;
                done += 1;
            }
            anyhow::Ok(done)
        })
    });
    total(tasks, watch).await
}

/// The same INSERT by pgbench, prepared.
pub(crate) async fn pgbench(server: &Server, writers: usize, span: Duration) -> anyhow::Result<Measured> {
    let (name, pool) = database(server).await?;
    sqlx::query("create sequence peer_ids cache 1000")
        .execute(&pool)
        .await?;
    let payload = format!(
        r#"{{"captured":{{"vertical":"sales","source":"{}"}}}}"#,
        "x".repeat(FILLER)
    );
    let script = format!(
        "insert into peer_events values ('lead', nextval('peer_ids')::text, 1, 'lead.captured', '1', '{payload}', '{{}}');\n"
    );
    pgbench_script(server, &name, &script, (writers, span)).await
}

/// Transactions a second of a script, prepared, with 2 threads.
pub(crate) async fn pgbench_script(
    server: &Server,
    database: &str,
    text: &str,
    (writers, span): (usize, Duration),
) -> anyhow::Result<Measured> {
    let script = tempfile::NamedTempFile::new()?;
    std::fs::write(script.path(), text)?;
    let output = tokio::process::Command::new(server.binaries.folder().join("pgbench"))
        .args([
            "--no-vacuum",
            "--protocol=prepared",
            "--jobs=2",
            "--username=postgres",
        ])
        .arg(format!("--host={}", server.socket_dir().display()))
        .arg(format!("--client={writers}"))
        .arg(format!("--time={}", span.as_secs()))
        .arg(format!("--file={}", script.path().display()))
        .arg(database)
        .output()
        .await?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let tps = text
        .lines()
        .find_map(|line| line.strip_prefix("tps = ")?.split('.').next()?.parse().ok());
    let measured = tps.map(|rate| Measured {
        rate,
        ..Measured::default()
    });
    measured.ok_or_else(|| anyhow::anyhow!("pgbench: {text}{}", String::from_utf8_lossy(&output.stderr)))
}
