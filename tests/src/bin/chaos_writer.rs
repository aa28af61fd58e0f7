//! A process that writes until it is killed: `chaos-writer URL SEED TENANT WRITER SECONDS NUMBER...`, a task
//! for each number it starts from, for so many seconds at most.
//!
//! A command that fails is repeated under its key, so each number takes effect once, whoever is killed when. It
//! prints `new TASK NUMBER POSITION ATTEMPTS` for each command that the log acknowledged (`known` for `new` when it
//! had taken effect before), and `waits MS` while and after it waited long for an answer, be it an error.

use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use domain::lead::{Command, Lead};
use domain::{Actor, ActorKind, Caller};
use store::{Key, Options, Orders, Store};

/// Streams that all writers share.
const SHARED: u64 = 10;
/// A wait that is told while it lasts.
const LONG: Duration = Duration::from_millis(500);

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut next = || {
        arguments
            .next()
            .context("URL SEED TENANT WRITER SECONDS NUMBER...")
    };
    let (url, seed, tenant, writer) = (next()?, next()?.parse()?, next()?.parse()?, next()?);
    let life = Duration::from_secs(next()?.parse()?);
    let starts: Vec<u64> = std::iter::from_fn(|| next().ok())
        .map(|text| text.parse())
        .collect::<Result<_, _>>()?;
    let caller = Caller::new(tenant, Actor::new(ActorKind::System, format!("writer-{writer}")));
    let store = loop {
        match Store::open(Options::new(&url, testkit::ambient(seed))).await {
            Ok(store) => break store,
            Err(_) => pause().await,
        }
    };
    let tasks = starts.into_iter().enumerate().map(|(task, start)| {
        let (store, caller, writer) = (store.clone(), caller.clone(), writer.clone());
        tokio::spawn(async move {
            for number in start.. {
                write(&store, &caller, &format!("{writer}-{task}"), task, number).await;
            }
        })
    });
    let tasks: Vec<_> = tasks.collect();
    // A test that fails leaves nothing behind that runs for ever.
    drop(tokio::time::timeout(life, futures::future::join_all(tasks)).await);
    Ok(())
}

async fn write(store: &Store, caller: &Caller, name: &str, task: usize, number: u64) {
    let (id, command) = if number.is_multiple_of(3) {
        let contact = Command::Contact {
            channel: format!("{name}-{number}"),
        };
        (format!("shared-{}", number % SHARED), contact)
    } else {
        let vertical = "sales".parse().expect("it is a vertical");
        let source = format!("{name}-{number}");
        (
            format!("own-{name}-{number}"),
            Command::Capture {
                vertical,
                source,
                name: None,
                email: None,
                phone: None,
            },
        )
    };
    let id = id.parse().expect("it is an id");
    let key = Key {
        source: "chaos".to_owned(),
        id: format!("{name}-{number}"),
        hash: [7; 32],
    };
    for attempts in 1_u64.. {
        let orders = Orders::one(command.clone()).under(Some(key.clone()));
        if let Ok(committed) = patiently(store.execute::<Lead>(caller, &id, orders)).await {
            let word = if committed.known { "known" } else { "new" };
            say(&format!(
                "{word} {task} {number} {} {attempts}",
                committed.position
            ));
            return;
        }
        pause().await;
    }
}

/// Waits for an answer, and says so again and again while it does not come.
async fn patiently<T>(answer: impl Future<Output = T>) -> T {
    let mut answer = std::pin::pin!(answer);
    let begun = Instant::now();
    loop {
        let answered = tokio::time::timeout(LONG, &mut answer).await;
        let waited = begun.elapsed();
        if answered.is_err() || waited > LONG / 5 {
            say(&format!("waits {}", waited.as_millis()));
        }
        if let Ok(answer) = answered {
            return answer;
        }
    }
}

/// Prints a line in one write, so that a kill leaves no half line of another's.
fn say(line: &str) {
    if std::io::stdout()
        .write_all(format!("{line}\n").as_bytes())
        .is_err()
    {
        std::process::exit(0); // Nobody listens any more: the test is over.
    }
}

/// Gives a server that was killed the time to come back.
async fn pause() {
    drop(tokio::time::timeout(Duration::from_millis(20), std::future::pending::<()>()).await);
}
