//! Seals: how fast the log is sealed, how large proofs are and how long they take, how fast an export is verified.

use std::fs::File;
use std::io::BufWriter;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use store::{At, AuditOrder, KeyFile, Role, SealOptions, Sealed, Sealer, verify_file};

use crate::cpu::per_second;
use crate::server::Server;
use crate::table::{median, print};
use crate::usage_log::UsageLog;

/// So many proofs of each kind are made.
const PROOFS: u64 = 500;

pub(crate) async fn measure(server: &Server, events: u64, runs: usize) -> anyhow::Result<()> {
    let log = UsageLog::filled(server, events).await?;
    let folder = tempfile::tempdir()?;
    let options = SealOptions {
        key: KeyFile::at(folder.path().join("seal.key")),
        name: None,
        seed: [7; 32],
        checkpoints: folder.path().join("checkpoints"),
    };
    let pool = store::pool(&log.url, Role::Projector, 2)?;
    let mut sealer = Sealer::open(pool.clone(), testkit::ambient(3), options).await?;
    let begun = Instant::now();
    let mut sealed = 0;
    while let Sealed::Events(more @ 1..) = sealer.seal().await? {
        sealed += more;
    }
    let rate = per_second(sealed, begun.elapsed());
    let bytes: i64 = sqlx::query_scalar(
        "select sum(pg_total_relation_size(t))::bigint from unnest(array['seal_tiles', 'seal_trees', \
         'seal_checkpoints', 'seal_head']::regclass[]) t",
    )
    .fetch_one(&pool)
    .await?;

    let (tenant, seals) = (log.caller.tenant, log.store.log().seals());
    let step = (events / PROOFS).max(1);
    let (mut times, mut largest) = (Vec::new(), 0);
    for position in (1..=events).step_by(usize::try_from(step)?) {
        let begun = Instant::now();
        let proof = seals.inclusion(tenant, position, At::Newest).await?;
        times.push(micros(begun.elapsed()));
        largest = largest.max(proof.hashes.len() * 32);
    }
    let inclusion = median(times);
    let newest = seals.checkpoint(tenant, At::Newest).await?.checkpoint.size;
    let first = seals
        .checkpoint(tenant, At::Size(newest.min(20_000)))
        .await?
        .checkpoint
        .size;
    let begun = Instant::now();
    let consistency = seals.consistency(tenant, first, At::Newest).await?;
    let consistency = (consistency.hashes.len() * 32, micros(begun.elapsed()));

    let path = folder.path().join("export");
    let mut file = BufWriter::new(File::create(&path)?);
    let begun = Instant::now();
    let export = seals.export(tenant, (0, events), &mut file).await?;
    let exported = per_second(export.events, begun.elapsed());
    let megabytes = path.metadata()?.len() >> 20;
    let trusted = seals.keys().await?.map(|keys| keys.trusted()).unwrap_or_default();
    let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let mut verified = Vec::new();
    for _ in 0..runs {
        let begun = Instant::now();
        verify_file(&path, &trusted, threads)?;
        verified.push(micros(begun.elapsed()));
    }
    let verified = median(verified);
    let begun = Instant::now();
    let audited = seals.audit(&AuditOrder::default()).await?;
    anyhow::ensure!(audited.findings.is_empty(), "{:?}", audited.findings);
    let audited = per_second(audited.events, begun.elapsed());

    print(
        "Seals and proofs",
        &[
            "events",
            "sealed a second",
            "bytes an event",
            "inclusion, bytes",
            "µs",
            "consistency, bytes",
            "µs",
            "exported a second",
            "export, MB",
            "verified offline, ms",
            "audited a second",
        ],
        &[vec![
            events.to_string(),
            rate.to_string(),
            (u64::try_from(bytes)? / events.max(1)).to_string(),
            largest.to_string(),
            inclusion.to_string(),
            consistency.0.to_string(),
            consistency.1.to_string(),
            exported.to_string(),
            megabytes.to_string(),
            (verified / 1_000).to_string(),
            audited.to_string(),
        ]],
    );
    pool.close().await;
    log.close().await;
    Ok(())
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}
