//! A relay that was thought dead: another of its name takes over, and it writes nothing more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::brokers::shared;
use super::killed::{all, write};
use super::program::Program;
use super::relayed::prefix;
use super::topics::{Topics, compare};
use crate::support::{house, tenant};

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_was_replaced_writes_nothing_more_and_waits_for_its_turn() {
    let name = "a_relay_that_was_replaced_writes_nothing_more_and_waits_for_its_turn";
    let Some(brokers) = shared(name).await else {
        return;
    };
    let house = house().await;
    let caller = tenant(&house.store, "acme").await;
    let is_over = Arc::new(AtomicBool::new(false));
    let writer = tokio::spawn(write(house.store.clone(), caller, Arc::clone(&is_over)));
    let prefix = prefix("zombie");
    let mut first = Program::start(house.database.url(), &brokers, &prefix, &[]).await;
    first
        .measures("annals_relay_events_total", |events| events >= 50.0)
        .await;
    let mut second = Program::start(house.database.url(), &brokers, &prefix, &[]).await;
    assert_eq!(
        second.metrics().await.get("annals_relay_active"),
        None,
        "it waits for its turn"
    );

    // The first one stands still in the midst of its work, and the database thinks that it is gone.
    first.signal("-STOP");
    let owner = house.database.pool().await;
    let ended: i64 = sqlx::query_scalar(
        "select count(*) from pg_locks lock, pg_terminate_backend(lock.pid) \
         where lock.database = (select oid from pg_database where datname = current_database()) \
         and locktype = 'advisory' and granted and pg_terminate_backend is not null",
    )
    .fetch_one(&owner)
    .await
    .unwrap();
    assert!(ended >= 1);
    second.says("goes on behind position").await;
    second
        .measures("annals_relay_events_total", |events| events >= 50.0)
        .await;
    first.signal("-CONT");
    first.says("was replaced by another").await;

    // When the second is gone, the first has its turn again.
    second.kill();
    first.says("goes on behind position").await;
    is_over.store(true, Ordering::SeqCst);
    writer.await.unwrap();
    let log = all(&house.store).await;
    let seen = Topics::new(&brokers, &prefix).until(log.len()).await;
    compare(&seen, &log);
}
