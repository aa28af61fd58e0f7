//! Writers, readers and PostgreSQL itself are killed while all write: nothing acknowledged is lost, nothing
//! is counted twice, positions have no gap, every follower sees every event once and in order.
//!
//! `make chaos` runs it for minutes: `ANNALS_CHAOS_SECONDS` and `ANNALS_CHAOS_SEED` set its length and seed.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use cluster::{Binaries, Cluster, Shutdown};
use domain::lead::Lead;
use domain::{Caller, Event, lead};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use sqlx::{Connection, PgConnection};
use store::{Filter, Options, Orders, Role, Store};

use crate::support::{capture, lead_id, tenant};

const WRITERS: usize = 4;
const TASKS: usize = 8;

/// What the log has acknowledged: by writer and task, each number with its position.
type Acknowledged = Arc<Mutex<BTreeMap<(usize, usize), BTreeMap<u64, u64>>>>;

#[expect(clippy::disallowed_methods, reason = "a longer run is asked for from outside")]
fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

#[expect(clippy::disallowed_methods, reason = "servers are found in the path")]
fn binaries() -> Binaries {
    Binaries::find(std::env::var_os("PATH").as_deref()).unwrap()
}

struct Chaos {
    url: String,
    caller: Caller,
    acknowledged: Acknowledged,
    seed: u64,
    seconds: u64,
}

impl Chaos {
    /// Starts a writer where the last one of its number ended.
    fn spawn(&mut self, writer: usize) -> Child {
        self.seed += 1;
        let starts: Vec<String> = {
            let acknowledged = self.acknowledged.lock().unwrap();
            let next = |task| {
                acknowledged
                    .get(&(writer, task))
                    .and_then(|numbers| numbers.keys().last())
                    .map_or(0, |n| n + 1)
            };
            (0..TASKS).map(|task| next(task).to_string()).collect()
        };
        let mut child = Command::new(env!("CARGO_BIN_EXE_chaos-writer"))
            .args([
                &self.url,
                &self.seed.to_string(),
                &self.caller.tenant.to_string(),
                &writer.to_string(),
            ])
            .arg((self.seconds + 60).to_string())
            .args(starts)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let acknowledged = Arc::clone(&self.acknowledged);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let numbers: Vec<u64> = line.split(' ').filter_map(|text| text.parse().ok()).collect();
                let [task, number, position] = numbers.as_slice() else {
                    continue;
                };
                let mut acknowledged = acknowledged.lock().unwrap();
                let of_task = acknowledged
                    .entry((writer, usize::try_from(*task).unwrap()))
                    .or_default();
                let before = of_task.insert(*number, *position);
                assert!(
                    before.is_none_or(|before| before == *position),
                    "{line}: first at {before:?}"
                );
            }
        });
        child
    }

    fn count(&self) -> usize {
        self.acknowledged
            .lock()
            .unwrap()
            .values()
            .map(BTreeMap::len)
            .sum()
    }
}

/// Reads all events as they come, asserts that each comes once and in order, and ends at `end`.
async fn follow(store: Store, end: Arc<AtomicU64>) -> u64 {
    let mut follower = store.tail().follow(0, Filter::default());
    let mut last = 0;
    while last < end.load(Ordering::SeqCst) {
        let step = tokio::time::timeout(Duration::from_millis(500), follower.next()).await;
        // While the server is down, there is nothing to read: the follower goes on where it was.
        let Ok(Ok(step)) = step else { continue };
        for event in step.events {
            assert_eq!(event.position, last + 1, "a follower skipped or repeated");
            last = event.position;
        }
    }
    last
}

/// Takes the head row's lock and lets it go again, as a process that dies or dawdles would: rolled back, or
/// with a delay between the positions and the commit.
async fn dawdle(connection: &mut PgConnection, rng: &mut StdRng) -> sqlx::Result<()> {
    let mut transaction = connection.begin().await?;
    sqlx::query("update log_head set position = position + 3")
        .execute(&mut *transaction)
        .await?;
    let delay = rng.random_range(0..60);
    sqlx::query(&format!("select pg_sleep(0.{delay:03})"))
        .execute(&mut *transaction)
        .await?;
    transaction.rollback().await
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_and_nothing_counts_twice_whatever_is_killed() {
    let seconds = setting("ANNALS_CHAOS_SECONDS", 12);
    let seed = setting("ANNALS_CHAOS_SEED", 20_260_301);
    println!("chaos for {seconds} s with ANNALS_CHAOS_SEED={seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let folder = tempfile::Builder::new().prefix("annals-chaos").tempdir().unwrap();
    let start = || async {
        let options = cluster::Options::new(folder.path(), binaries()).setting("max_connections", "200");
        let mut again = tokio::time::interval(Duration::from_millis(200));
        // The old server's children may need a moment to notice that the postmaster was killed.
        for _ in 0..50 {
            again.tick().await;
            if let Ok(cluster) = Cluster::start(options.clone()).await {
                return cluster;
            }
        }
        panic!("the server does not come back: {}", folder.path().display());
    };
    let mut server = start().await;
    let url = server.url("chaos");
    store::ensure_database(&url).await.unwrap();
    let owner = store::pool(&url, Role::Owner, 1).unwrap();
    store::migrate(&owner).await.unwrap();
    owner.close().await;

    let store = Store::open(Options::new(&url, testkit::ambient(1)))
        .await
        .unwrap();
    let caller = tenant(&store, "chaos").await;
    for number in 0..10 {
        store
            .execute::<Lead>(
                &caller,
                &lead_id(&format!("shared-{number}")),
                Orders::one(capture()),
            )
            .await
            .unwrap();
    }
    // Where the log ends is known only when the writers are gone.
    let end = Arc::new(AtomicU64::new(u64::MAX));
    let followers: Vec<_> = (0..2)
        .map(|_| tokio::spawn(follow(store.clone(), Arc::clone(&end))))
        .collect();
    let mut chaos = Chaos {
        url: url.clone(),
        caller: caller.clone(),
        acknowledged: Acknowledged::default(),
        seed: 100,
        seconds,
    };
    let mut writers: Vec<Child> = (0..WRITERS).map(|writer| chaos.spawn(writer)).collect();

    let begun = Instant::now();
    let (mut kills, mut crashes) = (0, 0);
    let (mut stranger, mut dawdler) = (None, None);
    let mut beat = tokio::time::interval(Duration::from_millis(100));
    let (mut known, mut progress) = (0, Instant::now());
    while begun.elapsed() < Duration::from_secs(seconds) {
        beat.tick().await;
        if stranger.is_none() {
            stranger = idle_in_transaction(&url).await.ok();
        }
        if dawdler.is_none() {
            dawdler = PgConnection::connect(&url).await.ok();
        }
        if let Some(connection) = &mut dawdler
            && rng.random_ratio(1, 3)
            && dawdle(connection, &mut rng).await.is_err()
        {
            dawdler = None;
        }
        if rng.random_ratio(1, 8) {
            let writer = rng.random_range(0..WRITERS);
            writers[writer].kill().unwrap();
            writers[writer].wait().unwrap();
            writers[writer] = chaos.spawn(writer);
            kills += 1;
        }
        if rng.random_ratio(1, 40) {
            (stranger, dawdler) = (None, None);
            server = crash(server, &mut rng).await;
            drop(server);
            server = start().await;
            crashes += 1;
            progress = Instant::now();
        }
        if chaos.count() > known {
            (known, progress) = (chaos.count(), Instant::now());
        }
        assert!(
            progress.elapsed() < Duration::from_secs(15),
            "nothing was acknowledged for 15 s"
        );
    }
    for writer in &mut writers {
        writer.kill().unwrap();
        writer.wait().unwrap();
    }
    judge(&chaos, &url).await;
    let log = store::Log::new(store::pool(&url, Role::Projector, 1).unwrap());
    let head = log.head().await.unwrap();
    end.store(head, Ordering::SeqCst);
    for follower in followers {
        let seen = tokio::time::timeout(Duration::from_secs(30), follower).await;
        assert_eq!(seen.expect("a follower did not see the end").unwrap(), head);
    }
    println!(
        "chaos: {} commands acknowledged, {kills} writers and {crashes} servers killed, {head} events",
        chaos.count()
    );
    server.stop(Shutdown::Fast).await.unwrap();
}

/// A stranger's session: it has written, and stays idle in its transaction.
async fn idle_in_transaction(url: &str) -> sqlx::Result<PgConnection> {
    let mut connection = PgConnection::connect(url).await?;
    sqlx::raw_sql("begin; create table stranger (n int); insert into stranger values (1)")
        .execute(&mut connection)
        .await?;
    Ok(connection)
}

/// Ends the server at once, by a signal to the postmaster: SIGQUIT (immediate), or SIGKILL.
async fn crash(server: Cluster, rng: &mut StdRng) -> Cluster {
    let signal = if rng.random_ratio(1, 2) { "-QUIT" } else { "-KILL" };
    let pid = server.pid().to_string();
    Command::new("kill").args([signal, &pid]).status().unwrap();
    server
}

/// Holds the log against what was acknowledged.
async fn judge(chaos: &Chaos, url: &str) {
    let log = store::Log::new(store::pool(url, Role::Projector, 2).unwrap());
    let (mut position, mut seen) = (0, BTreeMap::new());
    let mut streams: BTreeMap<String, u64> = BTreeMap::new();
    let mut event_ids = BTreeSet::new();
    loop {
        let page = log.page(position, &Filter::default(), 5_000).await.unwrap();
        let Some(last) = page.last().map(|event| event.position) else {
            break;
        };
        for event in page {
            position += 1;
            assert_eq!(event.position, position, "positions have a gap");
            assert!(event_ids.insert(event.event_id));
            let version = streams.entry(event.stream.to_string()).or_default();
            *version += 1;
            assert_eq!(event.sequence, *version, "{:?}", event.stream);
            let written = match event.event {
                Event::Lead(lead::Event::Captured { source, .. }) => source,
                Event::Lead(lead::Event::Contacted { channel, .. }) => channel,
                _ => continue,
            };
            let twice = seen.insert(written.clone(), event.position);
            assert!(
                twice.is_none() || written == "test",
                "{written} took effect twice"
            );
        }
        assert_eq!(position, last);
    }
    let acknowledged = chaos.acknowledged.lock().unwrap();
    let mut count = 0;
    for ((writer, task), numbers) in acknowledged.iter() {
        for (number, position) in numbers {
            assert_eq!(
                seen.get(&format!("{writer}-{task}-{number}")),
                Some(position),
                "acknowledged, and lost"
            );
            count += 1;
        }
    }
    assert!(count > 100, "the log took {count} commands only");
}
