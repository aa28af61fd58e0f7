//! The same rollup, a count and a sum by meter and day, beside Emmett's projections and cqrs-es.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::future::join_all;
use projections::Order;
use tokio::sync::watch;

use crate::cpu::{Measured, Watch};
use crate::generic_query::{self, Counted};
use crate::node_packages;
use crate::server::Server;
use crate::table::{median, print};
use crate::usage_log::{UsageLog, record};

const EVENTS: u64 = 20_000;
const WRITERS: usize = 8;
const BATCH: u64 = 100;

pub(crate) async fn measure(server: &Server, runs: usize) -> anyhow::Result<()> {
    let packages = match node_packages::find() {
        Ok(packages) => Some(packages),
        Err(error) => {
            println!("\nEmmett is left out: {error}");
            None
        }
    };
    let mut all: Vec<(String, Vec<Counted>)> = Vec::new();
    let mut note = |name: &str, counted: Counted| match all.iter_mut().find(|(known, _)| known == name) {
        Some((_, runs)) => runs.push(counted),
        None => all.push((name.to_owned(), vec![counted])),
    };
    for _ in 0..runs {
        note("ours, live, one event a call", live(server, 1).await?.0);
        let (batches, rebuilt) = live(server, BATCH).await?;
        note("ours, live, 100 events a call", batches);
        note("ours, rebuild", rebuilt);
        let cqrs_es = generic_query::measure(server, WRITERS, EVENTS).await?;
        note("cqrs-es, GenericQuery", cqrs_es.live);
        note("cqrs-es, replay into GenericQuery", cqrs_es.replay);
        note("cqrs-es, replay in memory", cqrs_es.in_memory);
        if let Some(packages) = &packages {
            for mode in ["inline", "async", "rebuild"] {
                let counted = packages
                    .emmett_projection(server, mode, (WRITERS, EVENTS))
                    .await?;
                note(&format!("Emmett, {mode}"), counted);
            }
        }
    }
    let rows = all.iter().map(|(name, runs)| {
        let middle =
            |of: fn(&Measured) -> u64| median(runs.iter().map(|(measured, _)| of(measured)).collect());
        let counted: Vec<String> = runs.iter().map(|(_, counted)| counted.to_string()).collect();
        vec![
            name.clone(),
            middle(|one| one.rate).to_string(),
            format!(
                "{} + {}",
                middle(|one| one.client_us),
                middle(|one| one.server_us)
            ),
            counted.join(", "),
        ]
    });
    print(
        "A count and a sum by meter and day, 20,000 events, 8 writers",
        &["", "events a second", "CPU µs each", "counted"],
        &rows.collect::<Vec<_>>(),
    );
    Ok(())
}

/// Writes with the projector running until all read models have passed; then rebuilds the one that is compared.
async fn live(server: &Server, batch: u64) -> anyhow::Result<(Counted, Counted)> {
    let log = Arc::new(UsageLog::empty(server).await?);
    let projector = log.projector();
    projector.wait_for(log.store.log().head().await?).await?;
    let next = Arc::new(AtomicU64::new(0));
    let watch = Watch::start(server);
    let tasks = (0..WRITERS).map(|_| {
        let (log, next) = (Arc::clone(&log), Arc::clone(&next));
        tokio::spawn(async move {
            loop {
                let first = next.fetch_add(batch, Ordering::Relaxed);
                if first >= EVENTS {
                    return anyhow::Ok(());
                }
                log.append((first..first + batch).map(record).collect()).await?;
            }
        })
    });
    for task in join_all(tasks).await {
        task??;
    }
    projector.wait_for(log.store.log().head().await?).await?;
    let live = (watch.stop(EVENTS), counted(&log).await?);
    projector.stop().await;

    let operations = log.operations();
    let watch = Watch::start(server);
    let build = operations.rebuild("daily_usage", Order::default()).await?;
    operations.fill(&build, watch::Sender::default()).await?;
    let rebuilt = watch.stop(EVENTS);
    operations.switch("daily_usage").await?;
    Ok((live, (rebuilt, counted(&log).await?)))
}

async fn counted(log: &UsageLog) -> anyhow::Result<u64> {
    let sum: i64 = sqlx::query_scalar("select coalesce(sum(records), 0)::bigint from daily_usage")
        .fetch_one(&log.pool)
        .await?;
    Ok(u64::try_from(sum)?)
}
