//! The figures that operators look at.

use super::house::{house, tenant};
use crate::engine::{Look, TenantStatus};

#[tokio::test(flavor = "multi_thread")]
async fn the_lag_is_told_in_events_and_time_for_each_read_model_and_each_tenant() {
    let house = house().await;
    let last = house.capture("l1", "web").await;
    let projector = house.project();
    projector.wait_for(last).await.unwrap();
    let operations = house.operations();
    for status in operations.status().await.unwrap() {
        assert_eq!(
            (status.position, status.lag_events, status.lag_ms),
            (last, 0, 0),
            "{status:?}"
        );
    }
    projector.stop().await;

    let other = tenant(&house.store, "other").await;
    house.capture_for(&other, "l2", "web").await;
    house.capture("l3", "web").await;
    let head = house.capture("l4", "web").await;
    // The age of the oldest event that is not folded, by the database's clock.
    let age = "select (extract(epoch from clock_timestamp() - recorded_at) * 1000)::bigint from events where position = $1";
    let age: i64 = sqlx::query_scalar(age)
        .bind(i64::try_from(last + 1).unwrap())
        .fetch_one(&house.owner)
        .await
        .unwrap();
    let age = u64::try_from(age).unwrap_or_default();
    for status in operations.status().await.unwrap() {
        assert_eq!(
            (status.position, status.lag_events),
            (last, head - last),
            "{status:?}"
        );
        assert!((age..age + 60_000).contains(&status.lag_ms), "{age}: {status:?}");
    }
    for (whose, events) in [(house.caller.tenant, 2), (other.tenant, 2)] {
        let statuses = operations.status_of(whose).await.unwrap();
        assert_eq!(statuses.len(), 3);
        for status in statuses {
            assert_eq!(
                (status.tenant, status.lag_events, status.parked),
                (whose, events, 0)
            );
            assert!((age..age + 60_000).contains(&status.lag_ms), "{age}: {status:?}");
        }
    }
    let sources = async |look: Look| {
        let behind = operations.behind(look).await.unwrap();
        behind.into_iter().find(|of| of.name == "sources").unwrap()
    };
    let behind = sources(Look::default()).await;
    assert_eq!((behind.tenants, behind.worst.len()), (2, 2), "{behind:?}");
    assert_eq!(
        behind.worst.iter().map(|of| of.lag_events).collect::<Vec<_>>(),
        [2, 2]
    );
    let bounded = sources(Look {
        events: 10,
        tenants: 1,
    })
    .await;
    assert_eq!(
        (bounded.tenants, bounded.worst.len()),
        (2, 1),
        "counted all, told one"
    );
    let nearest = sources(Look {
        events: 1,
        tenants: 9,
    })
    .await;
    assert_eq!((nearest.tenants, nearest.worst[0].tenant), (1, other.tenant));

    house.capture("bad", "hell").await;
    let last = house.enrich("bad").await;
    for shards in [1, 3] {
        let projector = house.project_in(shards);
        projector.wait_for(last).await.unwrap();
        projector.stop().await;
        let waits = TenantStatus {
            name: "sources".to_owned(),
            tenant: house.caller.tenant,
            lag_events: 0,
            lag_ms: 0,
            parked: 1,
        };
        for behind in operations.behind(Look::default()).await.unwrap() {
            let expected = if behind.name == "sources" {
                vec![waits.clone()]
            } else {
                Vec::new()
            };
            assert_eq!(behind.worst, expected, "{shards} shards");
        }
        let own = operations.status_of(house.caller.tenant).await.unwrap();
        assert!(own.contains(&waits), "{own:?}");
    }
}
