//! Read models filled beside the live ones: a short log and a long one, in turns.

use std::time::Duration;

use projections::Order;
use tokio::sync::watch;

use crate::cpu::{Watch, resident_mib};
use crate::server::Server;
use crate::table::{median, print, ratio};
use crate::usage_log::UsageLog;

/// The length of the short log.
const SHORT: u64 = 100_000;
const LOOK: Duration = Duration::from_millis(20);

/// What a rebuild took; the times are of each event, in nanoseconds.
#[derive(Clone, Copy, Default)]
pub(crate) struct Took {
    pub(crate) wall_ns: u64,
    pub(crate) client_ns: u64,
    server_ns: u64,
    peak_mib: u64,
}

impl Took {
    const fn cpu_ns(&self) -> u64 {
        self.client_ns + self.server_ns
    }
}

pub(crate) async fn measure(server: &Server, events: u64, runs: usize) -> anyhow::Result<()> {
    let mut logs = Vec::new();
    for events in [SHORT, events] {
        let log = UsageLog::filled(server, events).await?;
        let projector = log.projector();
        projector.wait_for(events).await?;
        projector.stop().await;
        logs.push((events, log));
    }
    let mut rows = Vec::new();
    for name in ["audit_feed", "daily_usage"] {
        let mut took = [Vec::new(), Vec::new()];
        for _ in 0..runs {
            for ((events, log), took) in logs.iter().zip(&mut took) {
                took.push(rebuild(server, log, name, *events).await?);
            }
        }
        let middle = |log: usize, of: fn(&Took) -> u64| median(took[log].iter().map(of).collect());
        for (number, (events, _)) in logs.iter().enumerate() {
            let middle = |of: fn(&Took) -> u64| middle(number, of);
            let rate = |each_ns: u64| (1_000_000_000 / each_ns.max(1)).to_string();
            rows.push(vec![
                name.to_owned(),
                events.to_string(),
                rate(middle(|took| took.wall_ns)),
                rate(middle(Took::cpu_ns)),
                rate(middle(|took| took.client_ns)),
                format!("{} + {}", middle(|t| t.client_ns), middle(|t| t.server_ns)),
                format!("{} MiB", middle(|took| took.peak_mib)),
            ]);
        }
        let times = |of: fn(&Took) -> u64| ratio(middle(1, of), middle(0, of));
        println!(
            "{name}: an event of the long log takes {} times the time of one of the short log, {} times its CPU time",
            times(|took| took.wall_ns),
            times(Took::cpu_ns)
        );
    }
    print(
        "Rebuild, the index and the checkpoint included",
        &[
            "read model",
            "events",
            "events a second",
            "a second of CPU, both sides",
            "a second of CPU, ours",
            "CPU ns each",
            "memory at most",
        ],
        &rows,
    );
    for (_, log) in logs {
        log.close().await;
    }
    Ok(())
}

pub(crate) async fn rebuild(
    server: &Server,
    log: &UsageLog,
    name: &str,
    events: u64,
) -> anyhow::Result<Took> {
    let operations = log.operations();
    let build = operations.rebuild(name, Order::default()).await?;
    let watch = Watch::start(server);
    let filling = operations.fill(&build, watch::Sender::default());
    tokio::pin!(filling);
    let mut look = tokio::time::interval(LOOK);
    let mut peak_mib = 0;
    loop {
        tokio::select! {
            filled = &mut filling => break filled?,
            _ = look.tick() => peak_mib = peak_mib.max(resident_mib()),
        }
    }
    let elapsed = watch.elapsed();
    // Microseconds of a thousand events are nanoseconds of one.
    let measured = watch.stop(events / 1_000);
    operations.discard(name).await?;
    Ok(Took {
        wall_ns: u64::try_from(elapsed.as_nanos())? / events,
        client_ns: measured.client_us,
        server_ns: measured.server_us,
        peak_mib,
    })
}
