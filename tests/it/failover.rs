//! Two projector processes share the read models, and one after the other is killed: the sums stay exact, and
//! the other takes over within seconds.
//!
//! `make chaos` runs it for minutes: `ANNALS_CHAOS_SECONDS` and `ANNALS_CHAOS_SEED` set its length and seed.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rust_decimal::Decimal;

use crate::chaos::setting;
use crate::read_models::{reader, record, total};
use crate::support::{house, tenant};

const PROGRAM: &str = env!("CARGO_BIN_EXE_annals-program");
/// How long the read models may stand still while one of the processes lives.
const TAKEOVER: Duration = Duration::from_secs(20);

/// A projector in a process of its own.
struct Projecting(Child);

impl Projecting {
    fn start(url: &str) -> Self {
        let child = Command::new(PROGRAM)
            .args([
                "serve",
                "--role",
                "projector",
                "--listen",
                "127.0.0.1:0",
                "--projector-shards",
                "2",
            ])
            .args(["--database-url", url])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Self(child.unwrap())
    }
}

impl Drop for Projecting {
    /// `kill -9`.
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn projectors_that_are_killed_at_random_leave_exact_sums_and_others_take_over() {
    let seconds = setting("ANNALS_CHAOS_SECONDS", 12);
    let seed = setting("ANNALS_CHAOS_SEED", 20_260_301);
    println!("projectors killed for {seconds} s with ANNALS_CHAOS_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let house = house().await;
    let callers = [
        tenant(&house.store, "acme").await,
        tenant(&house.store, "other").await,
    ];
    let reader = reader(&house);
    let url = house.database.url();
    let mut projectors = [Projecting::start(url), Projecting::start(url)];
    let (begun, mut facts, mut kills, mut longest) = (Instant::now(), 0, 0, Duration::ZERO);
    while begun.elapsed().as_secs() < seconds {
        for caller in &callers {
            record(&house.store, caller, 20).await;
            facts += 20;
        }
        if random.random_range(0..4) == 0 {
            let victim = random.random_range(0..2);
            projectors[victim] = Projecting::start(url);
            kills += 1;
        }
        let head = house.store.log().head().await.unwrap();
        let waiting = Instant::now();
        reader.wait_for(head, TAKEOVER).await.unwrap();
        longest = longest.max(waiting.elapsed());
    }
    println!("{facts} facts, {kills} projectors killed, longest wait {longest:?}");
    assert!(kills >= 2, "nobody was killed in {seconds} s");
    let expected = (Decimal::from(facts / 2) / Decimal::from(10), i64::from(facts / 2));
    for caller in &callers {
        assert_eq!(total(&reader, caller).await, expected);
    }
}
