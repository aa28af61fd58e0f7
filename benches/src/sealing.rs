//! Sealing while a steady writer appends: how long an event waits for its seal.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use domain::Caller;
use domain::usage::Usage;
use futures::stream::{self, TryStreamExt as _};
use sqlx::PgPool;
use store::{KeyFile, Role, SealOptions, Sealer, Store};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use crate::commands::provision;
use crate::cpu::Watch;
use crate::server::Server;
use crate::table::print;
use crate::usage_log::record;

/// So many events a second are appended, in batches of a hundred.
const RATE: u64 = 10_000;
const BATCH: u64 = 100;
/// How often the place up to which all is sealed is looked at.
const LOOK: Duration = Duration::from_millis(5);
/// How many tenants the batches go to, in turns.
const TENANTS: [u64; 3] = [1, 100, 1_000];

/// A batch's last position, and when it was in the log.
type Appended = (u64, Instant);

pub(crate) async fn measure(server: &Server, seconds: u64) -> anyhow::Result<()> {
    let mut rows = Vec::new();
    for tenants in TENANTS {
        rows.push(run(server, tenants, seconds).await?);
    }
    print(
        &format!("From an event's append to its seal, at {RATE} events/s for {seconds} s, ms"),
        &[
            "tenants",
            "appended a second",
            "p50",
            "p99",
            "longest",
            "CPU µs an event",
        ],
        &rows,
    );
    Ok(())
}

async fn run(server: &Server, tenants: u64, seconds: u64) -> anyhow::Result<Vec<String>> {
    let (url, store) = server.store().await?;
    let made = &store;
    let callers: Vec<Caller> = stream::iter((0..tenants).map(anyhow::Ok))
        .map_ok(|_| provision(made))
        .try_buffered(32)
        .try_collect()
        .await?;
    let folder = tempfile::tempdir()?;
    let options = SealOptions {
        key: KeyFile::at(folder.path().join("seal.key")),
        name: None,
        seed: [7; 32],
        checkpoints: folder.path().join("checkpoints"),
    };
    let pool = store::pool(&url, Role::Projector, 2)?;
    let sealer = Sealer::open(pool.clone(), store.ambient().clone(), options).await?;
    let (stop, stopping) = watch::channel(false);
    let sealing = tokio::spawn(sealer.run(store.tail().clone(), stopping));
    let (sender, receiver) = mpsc::unbounded_channel();
    let watch = Watch::start(server);
    let begun = Instant::now();
    let writer = tokio::spawn(write(store, callers, seconds, sender));
    let mut waits = waits(&pool, receiver).await?;
    let appended = writer.await??;
    let measured = watch.stop(RATE * seconds);
    stop.send_replace(true);
    sealing.await?;
    pool.close().await;
    waits.sort_unstable();
    let at = |percent: usize| -> anyhow::Result<String> {
        let last = waits.len().checked_sub(1).context("nothing was sealed")?;
        Ok(waits[last * percent / 100].as_millis().to_string())
    };
    Ok(vec![
        tenants.to_string(),
        crate::cpu::per_second(RATE * seconds, appended - begun).to_string(),
        at(50)?,
        at(99)?,
        at(100)?,
        format!("{} + {}", measured.client_us, measured.server_us),
    ])
}

/// Keeps the pace: a batch does not wait for the one before it. Gives when the last was in the log.
async fn write(
    store: Store,
    callers: Vec<Caller>,
    seconds: u64,
    sender: mpsc::UnboundedSender<Appended>,
) -> anyhow::Result<Instant> {
    let mut pace =
        tokio::time::interval(Duration::from_secs(1) * u32::try_from(BATCH)? / u32::try_from(RATE)?);
    let mut batches = JoinSet::new();
    for (batch, caller) in (0..seconds * RATE / BATCH).zip(callers.iter().cycle()) {
        pace.tick().await;
        let (store, caller, sender) = (store.clone(), caller.clone(), sender.clone());
        batches.spawn(async move {
            let records = (batch * BATCH..(batch + 1) * BATCH).map(record).collect();
            store.append_facts::<Usage>(&caller, records).await?;
            // All up to the head is in the log, this batch among it.
            let upto = store.log().head().await?;
            sender.send((upto, Instant::now())).context("the reader failed")
        });
    }
    while let Some(appended) = batches.join_next().await {
        appended??;
    }
    Ok(Instant::now())
}

/// How long each batch waited until a reader saw it sealed.
async fn waits(
    pool: &PgPool,
    mut receiver: mpsc::UnboundedReceiver<Appended>,
) -> anyhow::Result<Vec<Duration>> {
    let (mut waits, mut pending) = (Vec::new(), VecDeque::<Appended>::new());
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_open = true;
    while is_open || !pending.is_empty() {
        look.tick().await;
        let sealed: i64 = sqlx::query_scalar("select position from seal_head")
            .fetch_one(pool)
            .await?;
        let (sealed, now) = (u64::try_from(sealed)?, Instant::now());
        loop {
            match receiver.try_recv() {
                Ok(appended) => pending.push_back(appended),
                Err(mpsc::error::TryRecvError::Empty) => break,
                Err(mpsc::error::TryRecvError::Disconnected) => {
                    is_open = false;
                    break;
                }
            }
        }
        pending.retain(|(upto, since)| {
            let is_sealed = *upto <= sealed;
            if is_sealed {
                waits.push(now.saturating_duration_since(*since));
            }
            !is_sealed
        });
    }
    Ok(waits)
}
