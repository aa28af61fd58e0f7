//! Brokers that go: the log waits, nothing is lost, and the relay catches up by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use broker::Kafka;

use super::brokers::jars;
use super::killed::{all, write};
use super::program::Program;
use super::relayed::prefix;
use super::topics::{Topics, compare};
use crate::support::{house, tenant};

#[tokio::test(flavor = "multi_thread")]
async fn the_log_waits_for_brokers_that_are_away() {
    let Some(jars) = jars("the_log_waits_for_brokers_that_are_away") else {
        return;
    };
    let mut kafka = Kafka::start(jars, 1, &[]).await.unwrap();
    let house = house().await;
    let caller = tenant(&house.store, "acme").await;
    let prefix = prefix("away");
    let program = Program::start(house.database.url(), &kafka.brokers(), &prefix, &[]).await;
    program
        .measures("annals_relay_lag_events", |lag| lag == 0.0)
        .await;

    kafka.kill(0);
    let is_over = Arc::new(AtomicBool::new(false));
    let writer = tokio::spawn(write(house.store.clone(), caller, Arc::clone(&is_over)));
    program
        .measures("annals_relay_lag_events", |lag| lag >= 200.0)
        .await;
    kafka.restart(0).await.unwrap();
    is_over.store(true, Ordering::SeqCst);
    writer.await.unwrap();

    let log = all(&house.store).await;
    let seen = Topics::new(&kafka.brokers(), &prefix).until(log.len()).await;
    compare(&seen, &log);
    program
        .measures("annals_relay_lag_events", |lag| lag == 0.0)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_three_brokers_may_be_killed_while_the_relay_writes() {
    let Some(jars) = jars("one_of_three_brokers_may_be_killed_while_the_relay_writes") else {
        return;
    };
    let mut kafka = Kafka::start(jars, 3, &[]).await.unwrap();
    let house = house().await;
    let caller = tenant(&house.store, "acme").await;
    let is_over = Arc::new(AtomicBool::new(false));
    let writer = tokio::spawn(write(house.store.clone(), caller, Arc::clone(&is_over)));
    let prefix = prefix("three");
    let topics = Topics::new(&kafka.brokers(), &prefix);
    let program = Program::start(house.database.url(), &kafka.brokers(), &prefix, &[]).await;
    program
        .measures("annals_relay_events_total", |events| events >= 100.0)
        .await;
    for node in 0..3 {
        kafka.kill(node);
        let before = program.metrics().await["annals_relay_events_total"];
        // Two of three are enough.
        program
            .measures("annals_relay_events_total", |events| events >= before + 20.0)
            .await;
        kafka.restart(node).await.unwrap();
        topics.have_copies(3).await;
    }
    is_over.store(true, Ordering::SeqCst);
    writer.await.unwrap();
    let log = all(&house.store).await;
    let seen = topics.until(log.len()).await;
    compare(&seen, &log);
}
