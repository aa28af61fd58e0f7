//! What prices that rate events one by one keep of the log: once, whoever reads; for one tenant; and never as the proof of a bill.

use futures::future::join_all;
use serde_json::json;
use store::Role;

use super::credits::verify;
use super::ground::{acme, issue, lines, pages, share, shares};
use crate::gateway::house::{House, Tenant};

/// Pages at 10 % and 25 cents each.
async fn shared(house: &House) -> Tenant {
    let acme = acme(house).await;
    house.done(&acme.token, "definePlan", shares("pages")).await;
    share(house, &acme, ("s1", "pages"), "2025-03-01T00:00:00+01:00").await;
    acme
}

async fn preview(house: &House, acme: &Tenant) -> Vec<String> {
    let document = "{ invoicePreview(subscription: \"s1\", at: \"2025-03-20T00:00:00Z\") {
        lines { code kind amount { amount } } } }";
    lines(&house.ask(&acme.token, document, json!({})).await["invoicePreview"])
}

async fn one(pool: &sqlx::PgPool, query: &str) -> i64 {
    sqlx::query_scalar(query).fetch_one(pool).await.unwrap()
}

const EVENTS: &str = "select count(*) from priced_events";

#[tokio::test(flavor = "multi_thread")]
async fn it_is_read_once_by_many_at_a_time_and_again_when_it_is_gone() {
    let house = House::open_wide().await;
    let acme = shared(&house).await;
    let ids: Vec<String> = (0..30).map(|number| format!("f{number}")).collect();
    let facts: Vec<(&str, &str, &str)> = ids
        .iter()
        .map(|id| (id.as_str(), "2025-03-10T10:00:00Z", "2"))
        .collect();
    pages(&house, &acme, &facts).await;
    house.settle().await;
    // 30 times 0.45.
    for said in join_all((0..8).map(|_| preview(&house, &acme))).await {
        assert_eq!(said, ["share USAGE 13.50"]);
    }
    let pool = store::pool(house.url(), Role::Projector, 1).unwrap();
    assert_eq!(one(&pool, EVENTS).await, 30);
    assert_eq!(one(&pool, "select count(*) from priced_meters").await, 1);

    // What comes later is read from there on: those of before are taken as they are kept.
    sqlx::query("delete from priced_events where event_id in (select event_id from priced_events limit 1)")
        .execute(&pool)
        .await
        .unwrap();
    pages(&house, &acme, &[("later", "2025-03-11T10:00:00Z", "2")]).await;
    house.settle().await;
    assert_eq!(preview(&house, &acme).await, ["share USAGE 13.50"]);
    sqlx::query("truncate priced_events, priced_meters")
        .execute(&pool)
        .await
        .unwrap();
    assert_eq!(preview(&house, &acme).await, ["share USAGE 13.95"]);
    assert_eq!(one(&pool, EVENTS).await, 31);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_is_held_against_the_log_and_not_against_what_was_kept() {
    let house = House::open_wide().await;
    let acme = shared(&house).await;
    pages(
        &house,
        &acme,
        &[
            ("a", "2025-03-10T10:00:00Z", "2"),
            ("b", "2025-03-11T10:00:00Z", "4"),
        ],
    )
    .await;
    house.settle().await;
    assert_eq!(preview(&house, &acme).await, ["share USAGE 1.10"]);
    let pool = store::pool(house.url(), Role::Projector, 1).unwrap();
    sqlx::query("update priced_events set value = value * 10 where value = 4")
        .execute(&pool)
        .await
        .unwrap();
    let wrong = issue(&house, &acme, "2025-03-20T00:00:00Z").await;
    assert_eq!(lines(&wrong), ["share USAGE 4.70"]);
    let said = verify(&house).await;
    assert!(said.contains("0 the same, 1 different"), "{said}");
    assert!(said.contains("4.70") && said.contains("1.10"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gateways_role_sees_and_keeps_one_tenants_alone() {
    let house = House::open_wide().await;
    let acme = shared(&house).await;
    pages(&house, &acme, &[("a", "2025-03-10T10:00:00Z", "2")]).await;
    house.settle().await;
    assert_eq!(preview(&house, &acme).await, ["share USAGE 0.45"]);
    let other = house.tenant("other").await;
    let pool = store::pool(house.url(), Role::Gateway, 1).unwrap();
    let mut transaction = pool.begin().await.unwrap();
    sqlx::query("select set_config('annals.tenant', $1, true)")
        .bind(other.id.to_string())
        .execute(&mut *transaction)
        .await
        .unwrap();
    let seen: i64 = sqlx::query_scalar(EVENTS)
        .fetch_one(&mut *transaction)
        .await
        .unwrap();
    assert_eq!(seen, 0);
    let changed = sqlx::query("update priced_meters set read_up_to = 0")
        .execute(&mut *transaction)
        .await
        .unwrap();
    assert_eq!(changed.rows_affected(), 0);
    let foreign = sqlx::query("insert into priced_meters (tenant_id, reading) values ($1, 'x')")
        .bind(acme.id.to_string())
        .execute(&mut *transaction)
        .await
        .unwrap_err();
    assert!(foreign.to_string().contains("row-level security"), "{foreign}");
}
