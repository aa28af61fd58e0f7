//! A thousand subscribers of one topic, beside graphql-yoga with graphql-ws.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use futures::future::try_join_all;
use tokio::time::{interval, timeout};

use super::http::ask;
use super::served::{ADMIN, Served};
use super::socket::Subscriber;
use crate::cpu::per_second;
use crate::server::Server;
use crate::table::{median, print, ratio};
use crate::usage_log::{UsageLog, record};

const SUBSCRIBERS: u64 = 1_000;
const EVENTS: u64 = 200;
/// How many connections are opened at once.
const OPENING: usize = 50;
const LOOK: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(120);

/// What a server took.
#[derive(Clone, Copy, Default)]
struct Took {
    rate: u64,
    /// The server's CPU time of a delivery, in nanoseconds.
    cpu_ns: u64,
    /// The server's memory of a subscriber, in bytes: what it grew by, from none to all.
    bytes: u64,
    /// The same from half of them to all: without what it takes for any.
    bytes_of_one_more: u64,
}

/// Whom the subscribers follow.
#[derive(Clone, Copy)]
struct Topic<'a> {
    path: &'a str,
    payload: &'a str,
    document: &'a str,
    /// What an event has that other messages have not.
    mark: &'a str,
    /// Where the server tells how many subscribe, and the line that tells it.
    told: (&'a str, &'a str),
}

pub(crate) async fn measure(server: &Server, runs: usize) -> anyhow::Result<()> {
    let mut got = [Vec::new(), Vec::new()];
    for _ in 0..runs {
        got[0].push(ours(server).await?);
        got[1].push(theirs().await?);
    }
    let middle = |whose: usize, of: fn(&Took) -> u64| median(got[whose].iter().map(of).collect());
    let row = |name: &str, whose: usize| {
        vec![
            name.to_owned(),
            middle(whose, |took| took.rate).to_string(),
            ratio(middle(whose, |took| took.rate), middle(1, |took| took.rate)),
            ratio(middle(whose, |took| took.cpu_ns), 1_000),
            ratio(middle(whose, |took| took.bytes), 1_000),
            ratio(middle(whose, |took| took.bytes_of_one_more), 1_000),
        ]
    };
    print(
        "1,000 subscribers of one topic, 200 events",
        &[
            "server",
            "deliveries a second",
            "times graphql-yoga's",
            "CPU µs of a delivery",
            "KB of a subscriber",
            "KB of one more",
        ],
        &[row("ours", 0), row("graphql-yoga", 1)],
    );
    Ok(())
}

async fn ours(server: &Server) -> anyhow::Result<Took> {
    let log = UsageLog::empty(server).await?;
    let tenant = log.caller.tenant.to_string();
    let served = Served::ours(&log.url, &["api"]).await?;
    let payload = format!(r#"{{"authorization":"Bearer {ADMIN}","X-Annals-Tenant":"{tenant}"}}"#);
    let topic = Topic {
        path: "/graphql/ws",
        payload: &payload,
        document: "subscription { events { ... on Event { cursor type occurredAt actorId } } }",
        mark: "usage.",
        told: ("/metrics", "annals_live_subscribers "),
    };
    let publish = async {
        for from in (0..EVENTS).step_by(100) {
            log.append((from..from + 100).map(record).collect()).await?;
        }
        Ok(())
    };
    let took = follow(&served, topic, publish).await?;
    log.close().await;
    Ok(took)
}

async fn theirs() -> anyhow::Result<Took> {
    let served = Served::peer("yoga.mjs", &[]).await?;
    let topic = Topic {
        path: "/graphql",
        payload: "{}",
        document: "subscription { events { cursor type occurredAt actorId } }",
        mark: "usage.",
        told: ("/subscribers", "subscribers "),
    };
    let request = format!("POST /publish/{EVENTS} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
    let publish = async { ask(served.address, request.as_bytes()).await.map(drop) };
    follow(&served, topic, publish).await
}

/// Subscribes all, publishes, and waits until each has each event.
async fn follow(
    served: &Served,
    topic: Topic<'_>,
    publish: impl Future<Output = anyhow::Result<()>>,
) -> anyhow::Result<Took> {
    let before = served.resident_kib();
    let mut subscribers = Vec::new();
    let mut resident = before;
    let mut half = before;
    for wanted in [SUBSCRIBERS / 2, SUBSCRIBERS] {
        while (subscribers.len() as u64) < wanted {
            let opening = (0..OPENING)
                .map(|_| Subscriber::join(served.address, topic.path, topic.payload, topic.document));
            subscribers.extend(try_join_all(opening).await?);
        }
        subscribed(served, topic, wanted).await?;
        half = resident;
        resident = served.resident_kib();
    }
    let cpu = served.cpu_us();
    let begun = Instant::now();
    let mark = topic.mark.to_owned();
    let counting: Vec<_> = subscribers
        .into_iter()
        .map(|mut subscriber| {
            let mark = mark.clone();
            tokio::spawn(async move { subscriber.count(EVENTS, &mark).await.map(|()| subscriber) })
        })
        .collect();
    let (published, counted) = tokio::join!(publish, timeout(PATIENCE, try_join_all(counting)));
    published?;
    for subscriber in counted.context("events did not come in time")?? {
        drop(subscriber?);
    }
    let deliveries = SUBSCRIBERS * EVENTS;
    Ok(Took {
        rate: per_second(deliveries, begun.elapsed()),
        cpu_ns: (served.cpu_us() - cpu) * 1_000 / deliveries,
        bytes: resident.saturating_sub(before) * 1_024 / SUBSCRIBERS,
        bytes_of_one_more: resident.saturating_sub(half) * 1_024 / (SUBSCRIBERS / 2),
    })
}

/// Waits until the server says that so many have subscribed.
async fn subscribed(served: &Served, topic: Topic<'_>, wanted: u64) -> anyhow::Result<()> {
    let (path, line) = topic.told;
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let waiting = async {
        let mut look = interval(LOOK);
        loop {
            look.tick().await;
            let text = ask(served.address, request.as_bytes()).await?;
            let found = text.lines().find_map(|told| told.strip_prefix(line));
            if found.is_some_and(|found| found.trim() == wanted.to_string()) {
                return anyhow::Ok(());
            }
        }
    };
    timeout(PATIENCE, waiting)
        .await
        .context("not all could subscribe")?
}
