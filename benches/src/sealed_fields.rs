//! What sealed fields cost: captures with a name, an address and a number, appended and read, sealed and in the clear.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use domain::lead::{Command, Lead};
use domain::{Email, Personal, Phone};
use futures::future::join_all;
use store::{Filter, LocalKeys, Options, Orders, Store};

use crate::commands::{capture, provision};
use crate::cpu::{Measured, Watch, per_second};
use crate::server::Server;
use crate::table::{median, print, ratio};

const WRITERS: usize = 32;
const PAGE: u32 = 5_000;

/// How a log is opened.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fields {
    Clear,
    Sealed,
}

pub(crate) async fn measure(server: &Server, seconds: u64, runs: usize) -> anyhow::Result<()> {
    let span = Duration::from_secs(seconds);
    let (mut appends, mut reads) = ([const { Vec::new() }; 4], [const { Vec::new() }; 3]);
    for _ in 0..runs {
        for (number, fields, leads) in [
            (0, Fields::Clear, u64::MAX),
            (1, Fields::Sealed, u64::MAX),
            (2, Fields::Clear, 1_000),
            (3, Fields::Sealed, 1_000),
        ] {
            let (measured, url, line) = append(server, fields, leads, span).await?;
            appends[number].push(measured);
            if leads == u64::MAX {
                let cold = open(&url, fields, &line).await?;
                reads[number].push(read(&cold).await?);
                if fields == Fields::Sealed {
                    // The keys of the last page are in memory now.
                    reads[2].push(read(&cold).await?);
                }
            }
        }
    }
    let rate = |measured: &[Measured]| median(measured.iter().map(|one| one.rate).collect());
    let time = |measured: &[Measured]| {
        let client = median(measured.iter().map(|one| one.client_us).collect());
        let server = median(measured.iter().map(|one| one.server_us).collect());
        format!("{client} + {server}")
    };
    let row = |what: &str, clear: usize| {
        let (clear, sealed) = (&appends[clear], &appends[clear + 1]);
        vec![
            what.to_owned(),
            rate(clear).to_string(),
            rate(sealed).to_string(),
            ratio(rate(sealed), rate(clear)),
            time(clear),
            time(sealed),
        ]
    };
    print(
        "Commands with personal fields a second, 32 writers",
        &[
            "subjects",
            "in the clear",
            "sealed",
            "ratio",
            "CPU µs each",
            "CPU µs each, sealed",
        ],
        &[row("each its own, 3 fields", 0), row("1,000, 1 field", 2)],
    );
    let [clear, cold, warm] = reads.map(median);
    print(
        "Events with 3 personal fields read a second, pages of 5,000, each of another subject",
        &[
            "in the clear",
            "sealed, keys from the table",
            "ratio",
            "sealed, keys in memory",
            "ratio",
        ],
        &[vec![
            clear.to_string(),
            cold.to_string(),
            ratio(cold, clear),
            warm.to_string(),
            ratio(warm, clear),
        ]],
    );
    Ok(())
}

async fn open(url: &str, fields: Fields, line: &str) -> anyhow::Result<Store> {
    let options = Options::new(url, testkit::ambient(5));
    let options = match fields {
        Fields::Clear => options,
        Fields::Sealed => options.sealing(Arc::new(LocalKeys::of_text("the benchmark", line)?)),
    };
    Ok(Store::open(options).await?)
}

/// New leads each with three fields, or attributes of some leads again and again.
async fn append(
    server: &Server,
    fields: Fields,
    leads: u64,
    span: Duration,
) -> anyhow::Result<(Measured, String, String)> {
    let (_, url) = server.database().await?;
    let line = LocalKeys::fresh_line()?;
    let store = open(&url, fields, &line).await?;
    let caller = provision(&store).await?;
    if leads < u64::MAX {
        let ids = (0..leads).map(|number| format!("lead-{number}").parse());
        for id in ids.collect::<Result<Vec<_>, _>>()? {
            store
                .execute::<Lead>(&caller, &id, Orders::one(capture()))
                .await?;
        }
    }
    let next = Arc::new(AtomicU64::new(0));
    let watch = Watch::start(server);
    let tasks = (0..WRITERS).map(|_| {
        let (store, caller, next) = (store.clone(), caller.clone(), Arc::clone(&next));
        tokio::spawn(async move {
            let mut done = 0_u64;
            while watch.elapsed() < span {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let id = format!("lead-{}", number % leads).parse()?;
                let command = if leads < u64::MAX {
                    enrich(number)
                } else {
                    person(number)?
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
    Ok((watch.stop(total), url, line))
}

/// Events a second.
async fn read(store: &Store) -> anyhow::Result<u64> {
    let begun = Instant::now();
    let (mut after, mut events) = (0, 0);
    loop {
        let page = store.log().page(after, &Filter::default(), PAGE).await?;
        events += page.len() as u64;
        match page.last() {
            Some(last) if page.len() == PAGE as usize => after = last.position,
            _ => return Ok(per_second(events, begun.elapsed())),
        }
    }
}

fn person(number: u64) -> anyhow::Result<Command> {
    Ok(Command::Capture {
        vertical: "sales".parse()?,
        source: "fair".to_owned(),
        name: Some(Personal::new(format!("Ada Lovelace {number}"))),
        email: Some(Personal::new(Email::parse(format!("ada{number}@example.org"))?)),
        phone: Some(Personal::new(Phone::parse("+1 415 555 2671")?)),
    })
}

fn enrich(number: u64) -> Command {
    Command::Enrich {
        attributes: [("visit".to_owned(), number.to_string())].into(),
    }
}
