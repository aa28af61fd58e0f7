//! Relays are killed at random moments while others write: a `read_committed` consumer sees every event once, and
//! each stream in order.
//!
//! `make chaos` kills hundreds: `ANNALS_RELAY_KILLS` and `ANNALS_CHAOS_SEED` set their number and seed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::lead::{self, Lead};
use domain::{Caller, RecordedEvent};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use store::{Filter, Orders, Store};

use super::brokers::{jars, shared};
use super::program::Program;
use super::relayed::prefix;
use super::topics::{Topics, compare};
use crate::chaos::setting;
use crate::support::{capture, house, lead_id, tenant};

/// How long a relay lives at most once it listens, in milliseconds: it may be killed before its first transaction.
const LIFE_MS: u64 = 700;

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_sees_every_event_once_whenever_the_relay_is_killed() {
    let Some(brokers) = shared("a_consumer_sees_every_event_once_whenever_the_relay_is_killed").await else {
        return;
    };
    let kills = setting("ANNALS_RELAY_KILLS", 24);
    let seed = setting("ANNALS_CHAOS_SEED", 20_260_301);
    println!("{kills} relays killed with ANNALS_CHAOS_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let house = house().await;
    let caller = tenant(&house.store, "acme").await;
    let is_over = Arc::new(AtomicBool::new(false));
    let writer = tokio::spawn(write(house.store.clone(), caller.clone(), Arc::clone(&is_over)));

    let prefix = prefix("killed");
    let mut busy = 0;
    for _ in 0..kills {
        let mut program = Program::start(house.database.url(), &brokers, &prefix, &[]).await;
        // From its first word on most live, so that most are killed while they write.
        if random.random_bool(0.8) {
            program.says("goes on behind position").await;
            busy += 1;
        }
        let life = Duration::from_micros(random.random_range(0..LIFE_MS * 1_000));
        drop(tokio::time::timeout(life, std::future::pending::<()>()).await);
        program.kill();
    }
    is_over.store(true, Ordering::SeqCst);
    writer.await.unwrap();

    let log = all(&house.store).await;
    let program = Program::start(house.database.url(), &brokers, &prefix, &[]).await;
    let seen = Topics::new(&brokers, &prefix).until(log.len()).await;
    compare(&seen, &log);
    println!(
        "{} events seen once, in order; {busy} of {kills} relays were killed at work",
        seen.len()
    );
    program
        .measures("annals_relay_lag_events", |lag| lag == 0.0)
        .await;
    drop(program);
    if let Some(jars) = jars("Apache Kafka's own consumer") {
        let topic = format!("{prefix}lead");
        let wanted = log
            .iter()
            .filter(|event| event.stream.aggregate_type == "lead")
            .count();
        assert_eq!(
            count_by_java(jars.program(CONSUMER), &brokers, &topic, wanted),
            wanted
        );
    }
}

/// The console consumer of the distribution.
const CONSUMER: &str = "org.apache.kafka.tools.consumer.ConsoleConsumer";

/// How many records Apache Kafka's own consumer sees in a topic, which ends when none comes for a while.
fn count_by_java(mut consumer: std::process::Command, brokers: &str, topic: &str, wanted: usize) -> usize {
    let output = consumer
        .args([
            "--bootstrap-server",
            brokers,
            "--topic",
            topic,
            "--from-beginning",
        ])
        .args(["--isolation-level", "read_committed", "--timeout-ms", "8000"])
        // One more than there should be: it would come if it were there.
        .args(["--max-messages", &(wanted + 1).to_string()])
        .output()
        .unwrap();
    output
        .stdout
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .count()
}

/// All that is in the log.
pub(super) async fn all(store: &Store) -> Vec<RecordedEvent> {
    let (mut events, mut position) = (Vec::new(), 0);
    loop {
        let page = store
            .log()
            .page(position, &Filter::default(), 2_000)
            .await
            .unwrap();
        let Some(last) = page.last() else {
            return events;
        };
        position = last.position;
        events.extend(page);
    }
}

/// Writes new streams and to old ones until it is over.
pub(super) async fn write(store: Store, caller: Caller, is_over: Arc<AtomicBool>) {
    let mut pause = tokio::time::interval(Duration::from_millis(10));
    for round in 0_u64.. {
        pause.tick().await;
        if is_over.load(Ordering::SeqCst) {
            return;
        }
        let own = lead_id(&format!("own-{round}"));
        store
            .execute::<Lead>(&caller, &own, Orders::one(capture()))
            .await
            .unwrap();
        let contact = lead::Command::Contact {
            channel: format!("call-{round}"),
        };
        let before = lead_id(&format!("own-{}", round / 3));
        store
            .execute::<Lead>(&caller, &before, Orders::one(contact))
            .await
            .unwrap();
    }
}
