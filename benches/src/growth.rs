//! Appending to a short log and to a long one, in turns: the time of a command and the process's memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use domain::Caller;
use domain::lead::{Lead, LeadId};
use futures::future::join_all;
use sqlx::PgPool;
use store::{Orders, Role, Store};

use crate::commands::{capture, provision};
use crate::cpu::{Measured, Watch, resident_mib};
use crate::server::Server;
use crate::table::{median, print, ratio};

/// The length of the short log.
const SHORT: u64 = 100_000;
const CHUNK: u64 = 500_000;
/// More commands than states and events are kept in memory.
const WARM: u64 = 25_000;

/// The ids of the streams that the commands make.
#[derive(Clone, Copy)]
enum Ids {
    /// Each after the last one, as ULIDs are.
    Ordered,
    /// Anywhere among those that are there.
    Scattered,
}

impl Ids {
    fn id(self, number: u64) -> anyhow::Result<LeadId> {
        Ok(match self {
            Self::Ordered => format!("z{number:016x}"),
            // An odd factor gives each number another id.
            Self::Scattered => format!("{:016x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15)),
        }
        .parse()?)
    }
}

#[derive(Clone, Copy)]
struct Load {
    writers: usize,
    ids: Ids,
    span: Duration,
}

pub(crate) async fn measure(server: &Server, events: u64, seconds: u64, runs: usize) -> anyhow::Result<()> {
    let span = Duration::from_secs(seconds);
    let logs = [filled(server, SHORT).await?, filled(server, events).await?];
    let numbers = AtomicU64::new(0);
    for log in &logs {
        warm_up(server, log, &numbers).await?;
    }
    let (before, warm) = (resident_mib(), numbers.load(Ordering::Relaxed));
    let mut rows = Vec::new();
    for (writers, ids, named) in [
        (1, Ids::Ordered, "ordered"),
        (1, Ids::Scattered, "scattered"),
        (32, Ids::Ordered, "ordered"),
        (32, Ids::Scattered, "scattered"),
    ] {
        let load = Load { writers, ids, span };
        let mut measured = [Vec::new(), Vec::new()];
        for _ in 0..runs {
            for (log, measured) in logs.iter().zip(&mut measured) {
                measured.push(append(server, log, load, &numbers).await?);
            }
        }
        let middle = |log: usize, of: fn(&Measured) -> u64| median(measured[log].iter().map(of).collect());
        let [short, long] = [0, 1].map(|log| 1_000_000 / middle(log, |one| one.rate).max(1));
        let [short_cpu, long_cpu] =
            [0, 1].map(|log| middle(log, |one| one.server_us) + middle(log, |one| one.client_us));
        rows.push(vec![
            writers.to_string(),
            named.to_owned(),
            format!("{short} µs"),
            format!("{long} µs ({}x)", ratio(long, short)),
            format!("{short_cpu} µs"),
            format!("{long_cpu} µs ({}x)", ratio(long_cpu, short_cpu)),
        ]);
    }
    let after = resident_mib();
    print(
        &format!("A command on a log of {SHORT} events and on one of {events}"),
        &[
            "writers",
            "ids",
            "time, short",
            "time, long",
            "CPU, short",
            "CPU, long",
        ],
        &rows,
    );
    let appended = numbers.load(Ordering::Relaxed) - warm;
    println!("\nMemory of the process: {before} MiB when warm, {after} MiB after {appended} commands more.");
    Ok(())
}

/// Until the cache of states and the ring of recent events are full.
async fn warm_up(server: &Server, log: &(Store, Caller), numbers: &AtomicU64) -> anyhow::Result<()> {
    let enough = numbers.load(Ordering::Relaxed) + WARM;
    while numbers.load(Ordering::Relaxed) < enough {
        let load = Load {
            writers: 64,
            ids: Ids::Ordered,
            span: Duration::from_secs(1),
        };
        append(server, log, load, numbers).await?;
    }
    Ok(())
}

/// A log of so many events, each of a stream of its own, with ids in no order, and with receipts.
async fn filled(server: &Server, events: u64) -> anyhow::Result<(Store, Caller)> {
    let (url, store) = server.store().await?;
    let caller = provision(&store).await?;
    let owner = store::pool(&url, Role::Owner, 1)?;
    let mut first = store.log().head().await? + 1;
    while first <= events {
        let last = events.min(first + CHUNK - 1);
        fill(&owner, &caller, first, last).await?;
        first = last + 1;
    }
    for statement in ["vacuum analyze", "checkpoint"] {
        sqlx::query(statement).execute(&owner).await?;
    }
    owner.close().await;
    // The first one's tail would go on reading what was filled in.
    drop(store);
    Ok((server.open(&url).await?, caller))
}

/// Sorted by id, so that the indexes are filled from left to right.
async fn fill(owner: &PgPool, caller: &Caller, first: u64, last: u64) -> anyhow::Result<()> {
    let mut transaction = owner.begin().await?;
    sqlx::query(
        "create temp table filler on commit drop as \
         select $1 - 1 + row_number() over (order by id) as position, id, sha256(id::bytea) as hash \
         from (select $3 || ':' || substr(md5(n::text), 1, 16) as id from generate_series($1, $2) n) ids",
    )
    .bind(i64::try_from(first)?)
    .bind(i64::try_from(last)?)
    .bind(caller.tenant.to_string())
    .execute(&mut *transaction)
    .await?;
    for statement in [
        "insert into events select position, split_part(id, ':', 1), 'lead', id, 1, split_part(id, ':', 1), \
         'lead.captured', '1', now(), now(), 'system:bench', null, null, \
         json_build_object('captured', json_build_object('vertical', 'sales', 'source', repeat('x', 300))), \
         '{}', hash from filler order by position",
        "insert into streams select 'lead', id, 1 from filler order by id",
        "insert into receipts select encode(substr(hash, 1, 16), 'hex')::uuid, hash, position, 1, 'lead', id, 1 \
         from filler order by hash",
        "update log_head set position = (select max(position) from filler), recorded_at = now()",
    ] {
        sqlx::query(statement).execute(&mut *transaction).await?;
    }
    transaction.commit().await?;
    Ok(())
}

/// Commands on new streams.
async fn append(
    server: &Server,
    (store, caller): &(Store, Caller),
    load: Load,
    numbers: &AtomicU64,
) -> anyhow::Result<Measured> {
    let next = Arc::new(AtomicU64::new(numbers.load(Ordering::Relaxed)));
    let first = next.load(Ordering::Relaxed);
    let watch = Watch::start(server);
    let tasks = (0..load.writers).map(|_| {
        let (store, caller, next) = (store.clone(), caller.clone(), Arc::clone(&next));
        tokio::spawn(async move {
            while watch.elapsed() < load.span {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let id = load.ids.id(number)?;
                store
                    .execute::<Lead>(&caller, &id, Orders::one(capture()))
                    .await?;
            }
            anyhow::Ok(())
        })
    });
    for task in join_all(tasks).await {
        task??;
    }
    let done = next.load(Ordering::Relaxed);
    numbers.store(done, Ordering::Relaxed);
    Ok(watch.stop(done - first))
}
