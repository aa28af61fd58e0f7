//! Reading the log: a reader stops where it cannot read, a follower loses nothing, and rights are the least.

use domain::lead::Lead;
use store::{Filter, Orders};

use crate::support::{capture, house, lead_id, tenant};

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_stored_type_stops_the_reader_and_names_the_position() {
    let house = house().await;
    let caller = tenant(&house.store, "acme").await;
    let pool = house.database.pool().await;
    sqlx::query(
        "insert into events select 2, tenant_id, aggregate_type, aggregate_id, 2, event_id, 'tenant.renamed', '1', \
         occurred_at, recorded_at, actor, null, null, payload, metadata, hash from events",
    )
    .execute(&pool)
    .await
    .unwrap();
    let error = house
        .store
        .log()
        .page(0, &Filter::tenant(caller.tenant), 10)
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "position 2: there is no event type \"tenant.renamed\" version 1 in this version of the program"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_follower_falls_back_to_the_table_and_loses_nothing() {
    let database = testkit::database().await;
    let options = store::Options {
        ring: (5, 1_000_000),
        ..store::Options::new(database.url(), testkit::ambient(1))
    };
    let store = store::Store::open(options).await.unwrap();
    let caller = tenant(&store, "acme").await;
    let mut slow = store.tail().follow(
        0,
        Filter {
            types: vec!["lead.*".to_owned()],
            ..Filter::default()
        },
    );
    for number in 0..50 {
        store
            .execute::<Lead>(&caller, &lead_id(&format!("l{number}")), Orders::one(capture()))
            .await
            .unwrap();
    }
    let mut seen = Vec::new();
    while seen.len() < 50 {
        let step = slow.next().await.unwrap();
        seen.extend(step.events.iter().map(|event| event.stream.id.clone()));
    }
    assert_eq!(
        seen,
        (0..50).map(|number| format!("l{number}")).collect::<Vec<_>>()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_may_change_an_event_and_the_gateway_sees_one_tenant() {
    let house = house().await;
    let (acme, other) = (
        tenant(&house.store, "acme").await,
        tenant(&house.store, "other").await,
    );
    let pool = house.database.pool().await;
    for statement in [
        "update events set actor = 'x:y'",
        "delete from events",
        "truncate events",
    ] {
        for role in ["annals_appender", "annals_projector", "annals_gateway"] {
            let mut connection = pool.acquire().await.unwrap();
            sqlx::query(&format!("set role {role}"))
                .execute(&mut *connection)
                .await
                .unwrap();
            let error = sqlx::query(statement)
                .execute(&mut *connection)
                .await
                .unwrap_err();
            assert!(
                error.to_string().contains("permission denied"),
                "{role}: {statement}: {error}"
            );
            connection.close().await.unwrap();
        }
        let error = sqlx::query(statement).execute(&pool).await.unwrap_err();
        assert!(
            error.to_string().contains("append-only"),
            "owner: {statement}: {error}"
        );
    }
    let mut transaction = pool.begin().await.unwrap();
    sqlx::query("set local role annals_gateway")
        .execute(&mut *transaction)
        .await
        .unwrap();
    let count = "select count(*) from events";
    let unnamed: i64 = sqlx::query_scalar(count)
        .fetch_one(&mut *transaction)
        .await
        .unwrap();
    sqlx::query("select set_config('annals.tenant', $1, true)")
        .bind(acme.tenant.to_string())
        .execute(&mut *transaction)
        .await
        .unwrap();
    let named: i64 = sqlx::query_scalar(count)
        .fetch_one(&mut *transaction)
        .await
        .unwrap();
    let foreign: i64 = sqlx::query_scalar("select count(*) from events where tenant_id = $1")
        .bind(other.tenant.to_string())
        .fetch_one(&mut *transaction)
        .await
        .unwrap();
    assert_eq!((unnamed, named, foreign), (0, 1, 0));
}
