//! Facts in batches of 1,000, durable, beside a bare binary COPY of the same rows.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use domain::usage::{self, Fact, Usage};
use futures::future::join_all;
use sqlx::postgres::PgPoolOptions;
use store::{FactRecord, Key};

use crate::commands::provision;
use crate::cpu::{Measured, Watch};
use crate::server::Server;
use crate::table::{median, print, ratio};

const BATCH: u64 = 1_000;

pub(crate) async fn measure(server: &Server, seconds: u64, runs: usize) -> anyhow::Result<()> {
    let span = Duration::from_secs(seconds);
    let mut rows = Vec::new();
    for connections in [1, 4] {
        let (mut ours, mut copies) = (Vec::new(), Vec::new());
        for _ in 0..runs {
            let (measured, url) = append(server, connections, span).await?;
            ours.push(measured);
            copies.push(copy(server, &url, connections, span).await?);
        }
        let rate = |measured: &[Measured]| median(measured.iter().map(|one| one.rate).collect());
        let time = |measured: &[Measured]| {
            let client = median(measured.iter().map(|one| one.client_us).collect());
            let server = median(measured.iter().map(|one| one.server_us).collect());
            format!("{client} + {server}")
        };
        rows.push(vec![
            connections.to_string(),
            rate(&ours).to_string(),
            rate(&copies).to_string(),
            ratio(rate(&ours), rate(&copies)),
            time(&ours),
            time(&copies),
        ]);
    }
    print(
        "Facts a second, in batches of 1,000",
        &[
            "writers",
            "append_facts",
            "binary COPY",
            "ratio",
            "CPU µs each",
            "CPU µs each, COPY",
        ],
        &rows,
    );
    Ok(())
}

/// A fact of about 400 bytes as it is stored.
pub(crate) fn record(number: u64) -> FactRecord<usage::Event> {
    let dimensions = [("model".to_owned(), "x".repeat(200))].into();
    let kind = "usage.tokens.input".parse().expect("it is a fact's type");
    let fact =
        Fact::try_new(kind, number.into(), Some("token".to_owned()), dimensions).expect("it is a fact");
    let mut hash = [0; 32];
    hash[..8].copy_from_slice(&number.to_be_bytes());
    let key = Key {
        source: "bench".to_owned(),
        id: number.to_string(),
        hash,
    };
    FactRecord {
        key: Some(key),
        at: None,
        facts: vec![usage::Event::Recorded(fact)],
    }
}

async fn append(server: &Server, writers: usize, span: Duration) -> anyhow::Result<(Measured, String)> {
    let (url, store) = server.store().await?;
    let caller = provision(&store).await?;
    let next = Arc::new(AtomicU64::new(0));
    let watch = Watch::start(server);
    let tasks = (0..writers).map(|_| {
        let (store, caller, next) = (store.clone(), caller.clone(), Arc::clone(&next));
        tokio::spawn(async move {
            let mut done = 0_u64;
            while watch.elapsed() < span {
                let first = next.fetch_add(BATCH, Ordering::Relaxed);
                let records = (first..first + BATCH).map(record).collect();
                done += store.append_facts::<Usage>(&caller, records).await?.len() as u64;
            }
            anyhow::Ok(done)
        })
    });
    let mut total = 0;
    for task in join_all(tasks).await {
        total += task??;
    }
    Ok((watch.stop(total), url))
}

/// The rows just written, as a binary COPY into an equal table with equal indexes.
async fn copy(server: &Server, url: &str, writers: usize, span: Duration) -> anyhow::Result<Measured> {
    let pool = PgPoolOptions::new()
        .max_connections(u32::try_from(writers)? + 1)
        .connect(url)
        .await?;
    sqlx::query("create table copies (like events including all)")
        .execute(&pool)
        .await?;
    let mut connection = pool.acquire().await?;
    let mut out = connection
        .copy_out_raw("copy (select * from events order by position limit 1000) to stdout (format binary)")
        .await?;
    let mut bytes = Vec::new();
    while let Some(part) = futures::StreamExt::next(&mut out).await {
        bytes.extend_from_slice(&part?);
    }
    drop(out);
    drop(connection);
    // Unique columns would collide with themselves: positions and sequences are made unique by a default.
    sqlx::query("create sequence copy_positions")
        .execute(&pool)
        .await?;
    sqlx::query(
        "create function fresh_position() returns trigger language plpgsql as $$ begin \
         new.position := nextval('copy_positions'); new.sequence := new.position; return new; end $$",
    )
    .execute(&pool)
    .await?;
    sqlx::query(
        "create trigger fresh before insert on copies for each row execute function fresh_position()",
    )
    .execute(&pool)
    .await?;
    let bytes = Arc::new(bytes);
    let watch = Watch::start(server);
    let tasks = (0..writers).map(|_| {
        let (pool, bytes) = (pool.clone(), Arc::clone(&bytes));
        tokio::spawn(async move {
            let mut connection = pool.acquire().await?;
            let mut done = 0_u64;
            while watch.elapsed() < span {
                let mut copy = connection
                    .copy_in_raw("copy copies from stdin (format binary)")
                    .await?;
                copy.send(bytes.as_slice()).await?;
                done += copy.finish().await?;
            }
            anyhow::Ok(done)
        })
    });
    let mut total = 0;
    for task in join_all(tasks).await {
        total += task??;
    }
    Ok(watch.stop(total))
}
