//! A plain `CqrsFramework` works on the log, without queries of its own.

use cqrs_es::{AggregateError, CqrsFramework, EventStore};
use domain::At;
use domain::lead::{Command, Event, Lead, Refusal};
use store::{LogEventStore, Orders};

use crate::support::{capture, house, lead_id, tenant};

#[tokio::test(flavor = "multi_thread")]
async fn a_framework_without_queries_shares_streams_with_the_command_path() {
    let house = house().await;
    let caller = tenant(&house.store, "acme").await;
    let log = LogEventStore::new(house.store.clone(), caller.clone());
    let framework = CqrsFramework::<Lead, _>::new(log.clone(), vec![], ());
    let now = house.store.ambient().now();
    framework.execute("l1", At::new(now, capture())).await.unwrap();
    let again = framework
        .execute("l1", At::new(now, capture()))
        .await
        .unwrap_err();
    assert!(
        matches!(again, AggregateError::UserError(Refusal::AlreadyCaptured)),
        "{again}"
    );

    let qualify = Orders::one(Command::Qualify { score: 70 });
    let committed = house
        .store
        .execute::<Lead>(&caller, &lead_id("l1"), qualify)
        .await
        .unwrap();
    assert_eq!(committed.version, 2);
    let events = EventStore::<Lead>::load_events(&log, "l1").await.unwrap();
    assert!(matches!(events[0].payload, Event::Captured { .. }) && events[0].sequence == 1);
    assert!(matches!(events[1].payload, Event::Qualified { score: 70, .. }) && events[1].sequence == 2);
}
