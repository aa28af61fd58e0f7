//! Commands of one event, durable: the whole command path beside postgres-es and a plain INSERT.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use domain::lead::{Command, Lead, LeadId};
use domain::tenant::{self, DeploymentMode, Settings, Tenant, TenantKey};
use domain::{Actor, ActorKind, Caller, TenantId};
use futures::future::join_all;
use store::{Orders, Store};

use crate::cpu::{Measured, Watch};
use crate::peers;
use crate::server::Server;
use crate::table::{median, print, ratio};

/// An event of about 400 bytes: this, and the frame around it.
pub(crate) const FILLER: usize = 300;

pub(crate) async fn measure(
    server: &Server,
    numbers: &[usize],
    seconds: u64,
    runs: usize,
) -> anyhow::Result<()> {
    let span = Duration::from_secs(seconds);
    let (mut rates, mut times) = (Vec::new(), Vec::new());
    for &writers in numbers {
        let mut measured: [Vec<Measured>; 6] = Default::default();
        for _ in 0..runs {
            measured[0].push(ours(server, writers, span, 0).await?);
            measured[1].push(peers::postgres_es(server, writers, span, 0).await?);
            measured[2].push(ours(server, writers, span, 20).await?);
            measured[3].push(peers::postgres_es(server, writers, span, 20).await?);
            measured[4].push(peers::pooled_insert(server, writers, span).await?);
            measured[5].push(peers::pgbench(server, writers, span).await?);
        }
        let middle =
            |number: usize, of: fn(&Measured) -> u64| median(measured[number].iter().map(of).collect());
        let rate = |number| middle(number, |measured| measured.rate);
        let beside = |ours, peer| format!("{} ({}x)", rate(peer), ratio(rate(ours), rate(peer)));
        rates.push(vec![
            writers.to_string(),
            rate(0).to_string(),
            beside(0, 1),
            rate(2).to_string(),
            beside(2, 3),
            beside(0, 4),
            beside(0, 5),
        ]);
        let time = |number| {
            let (client, server) = (
                middle(number, |measured| measured.client_us),
                middle(number, |measured| measured.server_us),
            );
            format!("{client} + {server}")
        };
        times.push(vec![
            writers.to_string(),
            time(0),
            time(1),
            time(2),
            time(3),
            time(4),
        ]);
    }
    let header = [
        "writers",
        "new streams",
        "postgres-es",
        "streams of 20",
        "postgres-es",
        "pooled INSERT",
        "pgbench INSERT",
    ];
    print("Commands of one event a second", &header, &rates);
    let title = "CPU time of each command in µs, client + server";
    print(title, &header[..6], &times);
    Ok(())
}

/// The command path alone, for a profiler.
pub(crate) async fn alone(
    server: &Server,
    numbers: &[usize],
    seconds: u64,
    runs: usize,
) -> anyhow::Result<()> {
    let span = Duration::from_secs(seconds);
    let mut rows = Vec::new();
    for &writers in numbers {
        for _ in 0..runs {
            let measured = ours(server, writers, span, 0).await?;
            rows.push(vec![
                writers.to_string(),
                measured.rate.to_string(),
                format!("{} + {}", measured.client_us, measured.server_us),
            ]);
        }
    }
    print(
        "The command path alone",
        &["writers", "commands a second", "CPU µs"],
        &rows,
    );
    Ok(())
}

/// Commands through the whole path: gate, load, decide, append, until the time is over.
pub(crate) async fn ours(
    server: &Server,
    writers: usize,
    span: Duration,
    history: u64,
) -> anyhow::Result<Measured> {
    let (_, store) = server.store().await?;
    let caller = provision(&store).await?;
    let streams = Arc::new(AtomicU64::new(0));
    let prepared = if history > 0 {
        prepare(&store, &caller, history).await?
    } else {
        u64::MAX
    };
    let watch = Watch::start(server);
    let tasks = (0..writers).map(|_| {
        let (store, caller, streams) = (store.clone(), caller.clone(), Arc::clone(&streams));
        tokio::spawn(async move {
            let mut done = 0_u64;
            while watch.elapsed() < span {
                let number = streams.fetch_add(1, Ordering::Relaxed);
                let (id, command) = if history == 0 {
                    (lead_id(number), capture())
                } else {
                    (lead_id(number % prepared), contact())
                };
                store.execute::<Lead>(&caller, &id, Orders::one(command)).await?;
                done += 1;
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

/// As many streams as the peer has, each with its history.
async fn prepare(store: &Store, caller: &Caller, history: u64) -> anyhow::Result<u64> {
    let count = peers::STREAMS;
    for chunk in (0..count).collect::<Vec<_>>().chunks(256) {
        let tasks = chunk.iter().map(|number| {
            let id = lead_id(*number);
            let mut commands = vec![(None, capture())];
            commands.extend((1..history).map(|_| (None, contact())));
            let orders = Orders {
                commands,
                key: None,
                expected_version: None,
            };
            async move { store.execute::<Lead>(caller, &id, orders).await }
        });
        for outcome in join_all(tasks).await {
            outcome?;
        }
    }
    Ok(count)
}

pub(crate) async fn provision(store: &Store) -> anyhow::Result<Caller> {
    let tenant = TenantId::new(store.ambient().fresh_id());
    let caller = Caller::new(tenant, Actor::new(ActorKind::System, "bench"));
    let settings = Settings {
        name: "Bench".to_owned(),
        time_zone: "UTC".parse()?,
        currency: "USD".parse()?,
    };
    let provision = tenant::Command::Provision {
        slug: "bench".parse()?,
        mode: DeploymentMode::Shared,
        settings,
    };
    store
        .execute::<Tenant>(&caller, &TenantKey::from(tenant), Orders::one(provision))
        .await?;
    Ok(caller)
}

fn lead_id(number: u64) -> LeadId {
    format!("lead-{number}").parse().expect("digits make an id")
}

pub(crate) fn capture() -> Command {
    Command::Capture {
        vertical: "sales".parse().expect("it is a vertical"),
        source: "x".repeat(FILLER),
        name: None,
        email: None,
        phone: None,
    }
}

fn contact() -> Command {
    Command::Contact {
        channel: "x".repeat(FILLER),
    }
}
