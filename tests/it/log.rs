//! The log: complete, in order, at most once under a key, and closed to other tenants.

use domain::lead::{Command, Lead, Refusal};
use domain::tenant::{self, Tenant, TenantKey};
use domain::usage::{self, Fact, Usage};
use futures::future::join_all;
use store::{FactOutcome, FactRecord, Filter, Key, Orders, Rejection, StoreError};

use crate::support::{capture, house, lead_id, open, tenant};

fn key(id: &str, hash: u8) -> Key {
    Key {
        source: "test".to_owned(),
        id: id.to_owned(),
        hash: [hash; 32],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_at_once_get_positions_without_gaps_in_the_order_of_commits() {
    let house = house().await;
    let other_process = open(&house.database, 2).await;
    let caller = tenant(&house.store, "acme").await;
    let mut follower = house.store.tail().follow(0, Filter::default());
    let commands = (0..200).map(|number| {
        let store = if number % 2 == 0 {
            &house.store
        } else {
            &other_process
        };
        let caller = &caller;
        async move {
            store
                .execute::<Lead>(caller, &lead_id(&format!("l{number}")), Orders::one(capture()))
                .await
        }
    });
    for committed in join_all(commands).await {
        assert_eq!(committed.unwrap().version, 1);
    }
    let events = house
        .store
        .log()
        .page(0, &Filter::default(), 1_000)
        .await
        .unwrap();
    let positions: Vec<u64> = events.iter().map(|event| event.position).collect();
    assert_eq!(positions, (1..=201).collect::<Vec<_>>());
    assert!(events.is_sorted_by_key(|event| event.recorded_at));

    let mut followed = Vec::new();
    while followed.len() < 201 {
        followed.extend(
            follower
                .next()
                .await
                .unwrap()
                .events
                .iter()
                .map(|event| event.position),
        );
    }
    assert_eq!(followed, positions);
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_on_one_stream_take_turns_and_none_is_lost() {
    let house = house().await;
    let other_process = open(&house.database, 2).await;
    let caller = tenant(&house.store, "acme").await;
    let id = lead_id("l1");
    house
        .store
        .execute::<Lead>(&caller, &id, Orders::one(capture()))
        .await
        .unwrap();
    let contact = || {
        Orders::one(Command::Contact {
            channel: "phone".to_owned(),
        })
    };
    let commands = (0..20).map(|number| {
        let store = if number % 2 == 0 {
            &house.store
        } else {
            &other_process
        };
        store.execute::<Lead>(&caller, &id, contact())
    });
    let mut done = 0_u64;
    for outcome in join_all(commands).await {
        match outcome {
            Ok(_) => done += 1,
            Err(StoreError::Conflict { .. }) => {}
            Err(other) => panic!("{other}"),
        }
    }
    let filter = Filter {
        stream: Some(("lead".to_owned(), "l1".to_owned())),
        ..Filter::tenant(caller.tenant)
    };
    let events = house.store.log().page(0, &filter, 1_000).await.unwrap();
    assert_eq!(events.len() as u64, 1 + done);
    let numbers: Vec<u64> = events.iter().map(|event| event.sequence).collect();
    assert_eq!(numbers, (1..=1 + done).collect::<Vec<_>>());
    assert!(done >= 10, "most get through within their retries: {done}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_under_a_key_takes_effect_once_and_another_payload_is_refused() {
    let house = house().await;
    let caller = tenant(&house.store, "acme").await;
    let id = lead_id("l1");
    let capture = |hash| Orders::one(capture()).under(Some(key("k1", hash)));
    let first = house
        .store
        .execute::<Lead>(&caller, &id, capture(1))
        .await
        .unwrap();
    // The rules alone would refuse the repetition: the lead is there.
    let again = open(&house.database, 2)
        .await
        .execute::<Lead>(&caller, &id, capture(1))
        .await
        .unwrap();
    assert!(!first.known && again.known);
    assert_eq!(
        (first.position, first.version, &first.id),
        (again.position, again.version, &again.id)
    );
    let other = house
        .store
        .execute::<Lead>(&caller, &id, capture(2))
        .await
        .unwrap_err();
    let StoreError::Rejected(Rejection::KeyReused { first, now, .. }) = &other else {
        panic!("{other}")
    };
    assert_eq!(
        (first.as_str(), now.as_str()),
        ("01".repeat(32).as_str(), "02".repeat(32).as_str())
    );
    // Keys are a tenant's own.
    let neighbour = tenant(&house.store, "other").await;
    let elsewhere = house
        .store
        .execute::<Lead>(&neighbour, &id, capture(2))
        .await
        .unwrap();
    assert!(!elsewhere.known);
}

#[tokio::test(flavor = "multi_thread")]
async fn several_commands_take_effect_together_or_not_at_all() {
    let house = house().await;
    let caller = tenant(&house.store, "acme").await;
    let head = house.store.log().head().await.unwrap();
    let commands = |score| Orders {
        commands: vec![(None, capture()), (None, Command::Qualify { score })],
        key: None,
        expected_version: None,
    };
    let refused = house
        .store
        .execute::<Lead>(&caller, &lead_id("l1"), commands(101))
        .await
        .unwrap_err();
    assert!(
        matches!(refused, StoreError::Refused(Refusal::ScoreOutOfRange(101))),
        "{refused}"
    );
    assert_eq!(house.store.log().head().await.unwrap(), head);
    let done = house
        .store
        .execute::<Lead>(&caller, &lead_id("l1"), commands(100))
        .await
        .unwrap();
    assert_eq!((done.events, done.version, done.position), (2, 2, head + 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_tenant_admits_nothing_also_from_another_process() {
    let house = house().await;
    let other_process = open(&house.database, 2).await;
    let caller = tenant(&house.store, "acme").await;
    // The other process has the tenant's state in its cache.
    other_process
        .execute::<Lead>(&caller, &lead_id("l1"), Orders::one(capture()))
        .await
        .unwrap();
    let suspend = tenant::Command::Suspend {
        reason: "unpaid".to_owned(),
    };
    let suspended = house
        .store
        .execute::<Tenant>(&caller, &TenantKey::from(caller.tenant), Orders::one(suspend))
        .await
        .unwrap();
    let mut follower = other_process
        .tail()
        .follow(suspended.position - 1, Filter::default());
    follower.next().await.unwrap();
    for store in [&house.store, &other_process] {
        let refused = store
            .execute::<Lead>(&caller, &lead_id("l2"), Orders::one(capture()))
            .await
            .unwrap_err();
        assert!(
            matches!(refused, StoreError::Refused(Refusal::Tenant(_))),
            "{refused}"
        );
        let facts = vec![fact("f1", 1)];
        let refused = store.append_facts::<Usage>(&caller, facts).await.unwrap_err();
        assert!(refused.to_string().contains("suspended"), "{refused}");
    }
}

fn fact(id: &str, hash: u8) -> FactRecord<usage::Event> {
    let fact = Fact::try_new("usage.pages".parse().unwrap(), 1.into(), None, [].into()).unwrap();
    FactRecord {
        key: Some(key(id, hash)),
        at: None,
        facts: vec![usage::Event::Recorded(fact)],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn facts_are_recorded_once_and_each_says_what_became_of_it() {
    let house = house().await;
    let caller = tenant(&house.store, "acme").await;
    let append = |facts| house.store.append_facts::<Usage>(&caller, facts);
    let outcomes = append(vec![fact("a", 1), fact("b", 1), fact("a", 1), fact("b", 2)])
        .await
        .unwrap();
    assert!(
        matches!(
            outcomes.as_slice(),
            [
                FactOutcome::Recorded { position: 2 },
                FactOutcome::Recorded { position: 3 },
                FactOutcome::Known,
                FactOutcome::Conflicting { .. }
            ]
        ),
        "{outcomes:?}"
    );
    assert!(matches!(
        append(vec![]).await.unwrap_err(),
        StoreError::Rejected(Rejection::EmptyBatch)
    ));
    let too_many = (0..10_001).map(|number| fact(&number.to_string(), 1)).collect();
    let refused = append(too_many).await.unwrap_err();
    assert!(matches!(
        refused,
        StoreError::Rejected(Rejection::BatchTooLarge {
            records: 10_001,
            limit: 10_000
        })
    ));
    assert_eq!(house.store.log().head().await.unwrap(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_breaks_a_rule_of_the_log_fails_alone() {
    let house = house().await;
    let caller = tenant(&house.store, "acme").await;
    let long = Command::Enrich {
        attributes: [("text".to_owned(), "x".repeat(1024 * 1024))].into(),
    };
    let (l1, l2) = (lead_id("l1"), lead_id("l2"));
    let large = Orders {
        commands: vec![(None, capture()), (None, long)],
        key: None,
        expected_version: None,
    };
    let (good, large) = tokio::join!(
        house.store.execute::<Lead>(&caller, &l1, Orders::one(capture())),
        house.store.execute::<Lead>(&caller, &l2, large)
    );
    good.unwrap();
    let large = large.unwrap_err();
    assert!(
        matches!(
            large,
            StoreError::Rejected(Rejection::TooLarge { limit: 1_048_576, .. })
        ),
        "{large}"
    );

    let late = house.store.ambient().now() + jiff::SignedDuration::from_mins(6);
    let future = Orders::one(capture()).at(Some(late));
    let future = house
        .store
        .execute::<Lead>(&caller, &lead_id("l3"), future)
        .await
        .unwrap_err();
    assert!(
        matches!(
            future,
            StoreError::Rejected(Rejection::FromTheFuture { tolerance_s: 300, .. })
        ),
        "{future}"
    );

    let ahead = Orders {
        expected_version: Some(7),
        ..Orders::one(Command::Qualify { score: 1 })
    };
    let ahead = house
        .store
        .execute::<Lead>(&caller, &lead_id("l1"), ahead)
        .await
        .unwrap_err();
    let StoreError::Rejected(Rejection::VersionAhead {
        expected: 7,
        actual: 1,
        ..
    }) = &ahead
    else {
        panic!("{ahead}")
    };
    let behind = Orders {
        expected_version: Some(0),
        ..Orders::one(Command::Qualify { score: 1 })
    };
    let behind = house
        .store
        .execute::<Lead>(&caller, &lead_id("l1"), behind)
        .await
        .unwrap_err();
    assert!(matches!(behind, StoreError::Conflict { .. }), "{behind}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_row_fails_alone_and_its_neighbours_are_appended() {
    let house = house().await;
    let caller = tenant(&house.store, "acme").await;
    // PostgreSQL's text takes no NUL: the correlation id breaks this write, and only this one.
    let broken = caller.clone().correlated("a\0b");
    let commands = (0..20).map(|number| {
        let caller = if number == 7 { &broken } else { &caller };
        let store = &house.store;
        async move {
            store
                .execute::<Lead>(caller, &lead_id(&format!("l{number}")), Orders::one(capture()))
                .await
        }
    });
    let outcomes = join_all(commands).await;
    for (number, outcome) in outcomes.into_iter().enumerate() {
        match outcome {
            Ok(_) => assert_ne!(number, 7),
            Err(StoreError::Rejected(Rejection::Broken { .. })) => assert_eq!(number, 7),
            Err(other) => panic!("{number}: {other}"),
        }
    }
    assert_eq!(house.store.log().head().await.unwrap(), 20);
}
