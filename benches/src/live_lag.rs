//! How far read models are behind a writer of a steady pace.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use crate::cpu::{Measured, Watch};
use crate::server::Server;
use crate::table::print;
use crate::usage_log::{UsageLog, record};

/// The writer appends a batch so often.
const PACE: Duration = Duration::from_millis(10);
const BATCHES_A_SECOND: u64 = 100;
/// How often the projector's position is looked at.
const LOOK: Duration = Duration::from_micros(500);
const RATES: [u64; 2] = [1_000, 5_000];

/// A batch in the log.
struct Appended {
    upto: u64,
    called: Instant,
    acknowledged: Instant,
}

/// The lags of the batches of a run, in microseconds, ordered.
struct Lags {
    from_call: Vec<u64>,
    from_acknowledgement: Vec<u64>,
    measured: Measured,
}

pub(crate) async fn measure(server: &Server, seconds: u64, runs: usize) -> anyhow::Result<()> {
    let mut rows = Vec::new();
    for _ in 0..runs {
        for rate in RATES {
            let lags = run(server, rate, seconds).await?;
            let shown = |lags: &[u64]| {
                let at = |percent: usize| tenths(lags[(lags.len() - 1) * percent / 100]);
                format!("{} / {} / {}", at(50), at(99), at(100))
            };
            rows.push(vec![
                rate.to_string(),
                lags.measured.rate.to_string(),
                shown(&lags.from_acknowledgement),
                shown(&lags.from_call),
                format!("{} + {}", lags.measured.client_us, lags.measured.server_us),
            ]);
        }
    }
    print(
        "Lag of all read models behind the writer, in ms: p50 / p99 / longest",
        &[
            "events a second",
            "appended",
            "since acknowledged",
            "since the call",
            "CPU µs each",
        ],
        &rows,
    );
    Ok(())
}

fn tenths(micros: u64) -> String {
    format!("{}.{}", micros / 1_000, micros % 1_000 / 100)
}

async fn run(server: &Server, rate: u64, seconds: u64) -> anyhow::Result<Lags> {
    let log = Arc::new(UsageLog::empty(server).await?);
    let head = log.append((0..1_000).map(record).collect()).await?;
    let projector = log.projector();
    projector.wait_for(head).await?;
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let watch = Watch::start(server);
    let writer = tokio::spawn(write(Arc::clone(&log), (rate, seconds), sender));
    let (mut from_call, mut from_acknowledgement) = (Vec::new(), Vec::new());
    let mut pending: VecDeque<Appended> = VecDeque::new();
    let mut is_open = true;
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while is_open || !pending.is_empty() {
        look.tick().await;
        let (reached, now) = (projector.position(), Instant::now());
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
        pending.retain(|batch| {
            if batch.upto <= reached {
                let micros = |since: Instant| {
                    u64::try_from(now.saturating_duration_since(since).as_micros()).unwrap_or(u64::MAX)
                };
                from_call.push(micros(batch.called));
                from_acknowledgement.push(micros(batch.acknowledged));
            }
            batch.upto > reached
        });
    }
    writer.await??;
    let measured = watch.stop(rate * seconds);
    projector.stop().await;
    from_call.sort_unstable();
    from_acknowledgement.sort_unstable();
    Ok(Lags {
        from_call,
        from_acknowledgement,
        measured,
    })
}

/// Keeps the pace: a batch does not wait for the one before it.
async fn write(
    log: Arc<UsageLog>,
    (rate, seconds): (u64, u64),
    sender: mpsc::UnboundedSender<Appended>,
) -> anyhow::Result<()> {
    let mut pace = tokio::time::interval(PACE);
    let mut batches = JoinSet::new();
    let size = rate / BATCHES_A_SECOND;
    for batch in 0..seconds * BATCHES_A_SECOND {
        pace.tick().await;
        let (log, sender) = (Arc::clone(&log), sender.clone());
        batches.spawn(async move {
            let called = Instant::now();
            let upto = log
                .append((batch * size..(batch + 1) * size).map(record).collect())
                .await?;
            let acknowledged = Instant::now();
            // Nobody listens any more: the run failed elsewhere.
            drop(sender.send(Appended {
                upto,
                called,
                acknowledged,
            }));
            anyhow::Ok(())
        });
    }
    while let Some(appended) = batches.join_next().await {
        appended??;
    }
    Ok(())
}
