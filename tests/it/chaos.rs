//! Writers, readers and PostgreSQL itself are killed while all write: nothing acknowledged is lost, nothing
//! is counted twice, positions have no gap, every follower sees every event once and in order, and nobody
//! waits for longer than the time-out.
//!
//! `make chaos` runs it for minutes: `ANNALS_CHAOS_SECONDS` and `ANNALS_CHAOS_SEED` set its length and seed.

mod trouble;
mod verdict;
mod writers;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cluster::{Binaries, Cluster, Shutdown};
use domain::lead::Lead;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use store::{Options, Orders, Role, Store};
use tokio::time::MissedTickBehavior;

use self::trouble::{Dawdler, crash, delay_commits, delayed_commits, idle_in_transaction};
use self::verdict::{follow, judge};
use self::writers::{WRITERS, Writers};
use crate::support::{capture, lead_id, tenant};

/// The appender's statement time-out (`store::Role`): nobody waits for longer while the server is there.
const TIME_OUT: Duration = Duration::from_secs(10);
/// The same where the server went meanwhile, and connections had to be made again.
const TIME_OUT_AND_RETURN: Duration = Duration::from_secs(15);

#[expect(clippy::disallowed_methods, reason = "a longer run is asked for from outside")]
pub(crate) fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

#[expect(clippy::disallowed_methods, reason = "servers are found in the path")]
fn binaries() -> Binaries {
    Binaries::find(std::env::var_os("PATH").as_deref()).unwrap()
}

/// Starts the server, also after a crash: its children may need a moment to notice that the postmaster is gone.
async fn start(folder: &std::path::Path) -> Cluster {
    let options = cluster::Options::new(folder, binaries()).setting("max_connections", "200");
    let mut again = tokio::time::interval(Duration::from_millis(200));
    for _ in 0..50 {
        again.tick().await;
        if let Ok(cluster) = Cluster::start(options.clone()).await {
            return cluster;
        }
    }
    panic!("the server does not come back: {}", folder.display());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_and_nothing_counts_twice_whatever_is_killed() {
    let seconds = setting("ANNALS_CHAOS_SECONDS", 12);
    let seed = setting("ANNALS_CHAOS_SEED", 20_260_301);
    println!("chaos for {seconds} s with ANNALS_CHAOS_SEED={seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let folder = tempfile::Builder::new().prefix("annals-chaos").tempdir().unwrap();
    let mut server = start(folder.path()).await;
    let url = server.url("chaos");
    store::ensure_database(&url).await.unwrap();
    let owner = store::pool(&url, Role::Owner, 1).unwrap();
    store::migrate(&owner).await.unwrap();
    delay_commits(&owner).await.unwrap();
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
    let mut writers = Writers::start(url.clone(), caller.tenant, seconds);

    let begun = Instant::now();
    let (mut kills, mut crashes) = (0, 0);
    let (mut stranger, mut dawdler) = (None, None);
    let mut beat = tokio::time::interval(Duration::from_millis(100));
    // A beat that was missed while the server came back is not made up for by many kills at once.
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut known, mut progress) = (0, Instant::now());
    while begun.elapsed() < Duration::from_secs(seconds) {
        beat.tick().await;
        if stranger.is_none() {
            stranger = idle_in_transaction(&url).await.ok();
        }
        if dawdler.is_none() {
            dawdler = Dawdler::connect(&url).await.ok();
        }
        if let Some(session) = &mut dawdler
            && rng.random_ratio(1, 3)
            && session.dawdle(&mut rng).await.is_err()
        {
            dawdler = None;
        }
        if rng.random_ratio(1, 8) {
            writers.kill_and_replace(rng.random_range(0..WRITERS));
            kills += 1;
        }
        if rng.random_ratio(1, 40) {
            (stranger, dawdler) = (None, None);
            writers.server_goes();
            server = crash(server, &mut rng);
            drop(server);
            server = start(folder.path()).await;
            writers.server_is_back();
            crashes += 1;
            progress = Instant::now();
        }
        let count = writers.acknowledged();
        if count > known {
            (known, progress) = (count, Instant::now());
        }
        assert!(
            progress.elapsed() < TIME_OUT_AND_RETURN,
            "nothing was acknowledged for {TIME_OUT_AND_RETURN:?}"
        );
    }
    let told = writers.end();
    judge(&told.acknowledged, &url).await;
    let log = store::Log::new(store::pool(&url, Role::Projector, 1).unwrap());
    let head = log.head().await.unwrap();
    end.store(head, Ordering::SeqCst);
    for follower in followers {
        let seen = tokio::time::timeout(Duration::from_secs(30), follower).await;
        assert_eq!(seen.expect("a follower did not see the end").unwrap(), head);
    }
    let delayed = delayed_commits(&url).await.unwrap();
    println!(
        "chaos: {known} commands acknowledged, {head} events, {kills} writers and {crashes} servers killed, \
         for {:?} there was no server\n\
         chaos: {} repeats of commands that a killed writer and {} that a lost server had not acknowledged were known\n\
         chaos: {delayed} commits came late after their positions were given; the longest wait took {:?}, \
         and {:?} where the server went meanwhile",
        told.without_server(),
        told.known_after_kill,
        told.known_after_error,
        told.longest_wait,
        told.longest_return
    );
    assert!(
        // A short run may be without luck.
        told.known_after_kill > 0 || seconds < 60,
        "no command was repeated after its first time took effect"
    );
    assert!(delayed > 0 || seconds < 60, "no commit was delayed");
    assert!(
        told.longest_wait < TIME_OUT,
        "a writer waited for {:?}",
        told.longest_wait
    );
    assert!(
        told.longest_return < TIME_OUT_AND_RETURN,
        "a writer waited for {:?}",
        told.longest_return
    );
    server.stop(Shutdown::Fast).await.unwrap();
}
