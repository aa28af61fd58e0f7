//! Benchmarks of the log beside their peers, in one run on one PostgreSQL: `make bench`.

mod commands;
mod facts;
mod node_packages;
mod one_tenant;
mod peers;
mod reading;
mod server;
mod table;

use clap::{Parser, ValueEnum};

/// Measures the log beside its peers; prints Markdown tables of medians.
#[derive(Parser)]
struct Arguments {
    /// What to measure; all when nothing is named
    #[arg(value_enum)]
    what: Vec<What>,
    /// How long each run lasts, in seconds
    #[arg(long, default_value_t = 4)]
    seconds: u64,
    /// How many runs of each; the median is printed
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// How many events are read
    #[arg(long, default_value_t = 1_000_000)]
    events: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// Commands of one event: ours, postgres-es, INSERT from a pool, pgbench
    Commands,
    /// Commands of one tenant: ours, message-db, Emmett
    OneTenant,
    /// Facts in batches of 1,000 beside a binary COPY
    Facts,
    /// Reading the log in order, decoded
    Reading,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let server = server::Server::start().await?;
    let wanted = |what| arguments.what.is_empty() || arguments.what.contains(&what);
    if wanted(What::Commands) {
        commands::measure(&server, arguments.seconds, arguments.runs).await?;
    }
    if wanted(What::OneTenant) {
        one_tenant::measure(&server, arguments.seconds, arguments.runs).await?;
    }
    if wanted(What::Facts) {
        facts::measure(&server, arguments.seconds, arguments.runs).await?;
    }
    if wanted(What::Reading) {
        reading::measure(&server, arguments.events, arguments.runs).await?;
    }
    server.stop().await
}
