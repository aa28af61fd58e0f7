//! Benchmarks of the log and the read models beside their peers, in one run on one PostgreSQL: `make bench`.

mod audit_feed;
mod bills;
mod commands;
mod cpu;
mod facts;
mod gateway;
mod generic_query;
mod growth;
mod live_lag;
mod metering;
mod node_packages;
mod one_tenant;
mod peers;
mod projection_peers;
mod reading;
mod rebuild;
mod relay;
mod sealed_fields;
mod sealing;
mod seals;
mod server;
mod table;
mod usage_log;

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
    /// How many write commands at once
    #[arg(long, default_values_t = [1, 32, 256])]
    writers: Vec<usize>,
    /// How many events are read, and the length of the long log of `growth` (10000000 takes some minutes)
    #[arg(long, default_value_t = 1_000_000)]
    events: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// Commands of one event: ours, postgres-es, INSERT from a pool, pgbench
    Commands,
    /// Commands of one tenant: ours, message-db, Emmett
    OneTenant,
    /// The command path alone, for a profiler; only when it is named
    Alone,
    /// Facts in batches of 1,000 beside a binary COPY
    Facts,
    /// Reading the log in order, decoded
    Reading,
    /// Appending to a log of 100,000 events and to one of `--events`
    Growth,
    /// Rebuilding read models over 100,000 events and over `--events`
    Rebuild,
    /// Metering `--events` usage events over 8 meters
    Metering,
    /// A live invoice of 50 charges over `--events`, the check of a limit, and a month of 1,000 tenants
    Bills,
    /// From an HTTP batch to a running total that shows it, at 5,000 events a second
    Visible,
    /// How far read models are behind a steady writer
    LiveLag,
    /// A rollup of 20,000 events: ours, cqrs-es, Emmett
    ProjectionPeers,
    /// Sealing, proofs and their verification over `--events`
    Seals,
    /// Sealing while 10,000 events a second are appended, for 1, 100 and 1,000 tenants
    Sealing,
    /// Personal fields, appended and read: sealed and in the clear
    SealedFields,
    /// Pages, facets and causes of the audit feed by each filter, over `--events` entries
    AuditFeed,
    /// A Relay page of 50 of `--events` audit entries: ours, PostGraphile
    AuditPage,
    /// The relay to Apache Kafka over `--events` events: ours, kafka-producer-perf-test
    Relay,
    /// 1,000 subscribers of one topic: ours, graphql-yoga with graphql-ws
    Deliveries,
    /// The CPU time of a request for 100 rows: ours, mercurius with its JIT
    Requests,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let server = server::Server::start().await?;
    let wanted = |what| arguments.what.is_empty() || arguments.what.contains(&what);
    if wanted(What::Commands) {
        commands::measure(&server, &arguments.writers, arguments.seconds, arguments.runs).await?;
    }
    if arguments.what.contains(&What::Alone) {
        commands::alone(&server, &arguments.writers, arguments.seconds, arguments.runs).await?;
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
    if wanted(What::Growth) {
        growth::measure(&server, arguments.events, arguments.seconds, arguments.runs).await?;
    }
    if wanted(What::Rebuild) {
        rebuild::measure(&server, arguments.events, arguments.runs).await?;
    }
    if wanted(What::Metering) {
        metering::measure(&server, arguments.events, arguments.runs).await?;
    }
    if wanted(What::Bills) {
        bills::measure(&server, arguments.events).await?;
    }
    if wanted(What::Visible) {
        gateway::visible::measure(&server, arguments.seconds).await?;
    }
    if wanted(What::LiveLag) {
        live_lag::measure(&server, arguments.seconds, arguments.runs).await?;
    }
    if wanted(What::ProjectionPeers) {
        projection_peers::measure(&server, arguments.runs).await?;
    }
    if wanted(What::Seals) {
        seals::measure(&server, arguments.events, arguments.runs).await?;
    }
    if wanted(What::Sealing) {
        sealing::measure(&server, arguments.seconds).await?;
    }
    if wanted(What::SealedFields) {
        sealed_fields::measure(&server, arguments.seconds, arguments.runs).await?;
    }
    if wanted(What::AuditFeed) {
        audit_feed::measure(&server, arguments.events).await?;
    }
    if wanted(What::Relay) {
        match relay::missing() {
            Some(missing) => eprintln!("{missing}"),
            None => relay::measure(&server, arguments.events, arguments.runs).await?,
        }
    }
    let missing = gateway::missing();
    let gateways = [What::AuditPage, What::Deliveries, What::Requests];
    if let Some(missing) = missing.filter(|_| gateways.into_iter().any(wanted)) {
        eprintln!("{missing}");
        return server.stop().await;
    }
    if wanted(What::AuditPage) {
        gateway::audit_page::measure(&server, arguments.events, arguments.seconds, arguments.runs).await?;
    }
    if wanted(What::Deliveries) {
        gateway::deliveries::measure(&server, arguments.runs).await?;
    }
    if wanted(What::Requests) {
        gateway::requests::measure(&server, arguments.seconds, arguments.runs).await?;
    }
    server.stop().await
}
