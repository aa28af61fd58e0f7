//! Read models: exactly once, whatever stops; the same rows live and in one go; one tenant's rows only.

use std::sync::Arc;

use domain::opportunity::{Command, Opportunity};
use domain::usage::{self, Fact, Usage};
use domain::{Caller, Money};
use futures::future::join_all;
use jiff::Timestamp;
use projections::{Operations, Order, Projector, Reader};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rust_decimal::Decimal;
use store::{FactRecord, Orders, Role, Store};

use crate::past::ground::Ground;
use crate::support::{House, capture, house, lead_id, open, tenant};

fn projector(house: &House, store: &Store) -> Projector {
    let pool = store::pool(house.database.url(), Role::Projector, 3).unwrap();
    Projector::start(store, pool, projections::all())
}

pub(crate) fn reader(house: &House) -> Reader {
    Reader::new(store::pool(house.database.url(), Role::Gateway, 3).unwrap())
}

pub(crate) async fn record(store: &Store, caller: &Caller, count: u64) {
    let facts = (0..count).map(|number| {
        let fact = Fact::try_new(
            "usage.pages".parse().unwrap(),
            Decimal::new(1, 1),
            None,
            [].into(),
        )
        .unwrap();
        let at = format!("2026-02-{:02}T12:00:00Z", 1 + number % 28)
            .parse()
            .unwrap();
        FactRecord {
            key: None,
            at: Some(at),
            facts: vec![usage::Event::Recorded(fact)],
        }
    });
    store
        .append_facts::<Usage>(caller, facts.collect())
        .await
        .unwrap();
}

pub(crate) async fn total(reader: &Reader, caller: &Caller) -> (Decimal, i64) {
    let days = reader
        .usage(caller.tenant, Some("pages"), None, None)
        .await
        .unwrap();
    days.iter().fold((Decimal::ZERO, 0), |(sum, records), day| {
        (sum + day.quantity, records + day.records)
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_counts_once_while_projectors_come_and_go_side_by_side() {
    let house = house().await;
    let caller = tenant(&house.store, "acme").await;
    let other_process = open(&house.database, 2).await;
    let steady = projector(&house, &other_process);
    for _ in 0..10 {
        let restless = projector(&house, &house.store);
        join_all((0..4).map(|_| record(&house.store, &caller, 50))).await;
        drop(restless);
    }
    let head = house.store.log().head().await.unwrap();
    assert_eq!(head, 2_001);
    steady.wait_for(head).await.unwrap();
    assert_eq!(total(&reader(&house), &caller).await, (Decimal::from(200), 2_000));
    steady.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn live_in_small_pages_and_later_in_one_go_give_the_same_rows() {
    let house = house().await;
    let caller = tenant(&house.store, "acme").await;
    let live = projector(&house, &house.store);
    for number in 0..30 {
        house
            .store
            .execute::<domain::lead::Lead>(&caller, &lead_id(&format!("l{number}")), Orders::one(capture()))
            .await
            .unwrap();
        record(&house.store, &caller, 3).await;
    }
    let head = house.store.log().head().await.unwrap();
    live.wait_for(head).await.unwrap();
    live.stop().await;
    let pool = house.database.pool().await;
    let tables = ["audit_feed", "daily_usage", "lead", "roi_summary", "tenant"];
    let mut before = Vec::new();
    for table in tables {
        before.push(rows(&pool, table).await);
    }
    // What an older fold wrote is filled anew beside it, and switched.
    sqlx::query("update read_model_checkpoints set version = 0")
        .execute(&pool)
        .await
        .unwrap();
    let other_process = open(&house.database, 2).await;
    let again = projector(&house, &other_process);
    again.wait_for(head).await.unwrap();
    again.stop().await;
    for (table, before) in tables.into_iter().zip(before) {
        assert_eq!(rows(&pool, table).await, before, "{table}");
        assert!(!before.is_empty(), "{table}");
    }
}

async fn rows(pool: &sqlx::PgPool, table: &str) -> Vec<String> {
    sqlx::query_scalar(&format!("select to_jsonb(t)::text from {table} t order by 1"))
        .fetch_all(pool)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn months_are_cut_in_the_tenants_zone_and_stages_follow_the_opening() {
    let house = house().await;
    let caller = tenant(&house.store, "acme").await;
    let projector = projector(&house, &house.store);
    let at = |text: &str| Some(text.parse::<Timestamp>().unwrap());
    // In Berlin, this is the first of March.
    let opened = at("2017-02-28T23:30:00Z");
    let open = |stage: &str| Command::Open {
        title: "Deal".to_owned(),
        stage: stage.to_owned(),
        vertical: "sales".parse().unwrap(),
        account: None,
        owner: None,
        product: None,
        lead: None,
        expected: None,
    };
    let value = Money::new(Decimal::new(1_234_567, 3), "EUR".parse().unwrap());
    let lives = [
        vec![
            (opened, open("engaging")),
            (at("2017-04-02T10:00:00Z"), Command::Win { value }),
        ],
        vec![
            (opened, open("engaging")),
            (
                opened,
                Command::ChangeStage {
                    stage: "offered".to_owned(),
                },
            ),
        ],
        vec![(opened, open("engaging"))],
    ];
    for (number, commands) in lives.into_iter().enumerate() {
        let orders = Orders {
            commands,
            key: None,
            expected_version: None,
        };
        let id = format!("deal-{number}").parse().unwrap();
        house
            .store
            .execute::<Opportunity>(&caller, &id, orders)
            .await
            .unwrap();
    }
    let head = house.store.log().head().await.unwrap();
    projector.wait_for(head).await.unwrap();
    let months = reader(&house)
        .roi_summary(caller.tenant, None, None, None)
        .await
        .unwrap();
    let shown: Vec<_> = months
        .iter()
        .map(|month| {
            (
                month.month.to_string(),
                month.opportunities_opened,
                month.opportunities_won,
                month.open_by_stage.clone(),
            )
        })
        .collect();
    let open_stages = [("engaging".to_owned(), 1), ("offered".to_owned(), 1)].into();
    assert_eq!(
        shown,
        [
            ("2017-03-01".to_owned(), 3, 0, open_stages),
            ("2017-04-01".to_owned(), 0, 1, [].into())
        ]
    );
    assert_eq!(months[1].won_value.sums().collect::<Vec<_>>(), [value]);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_read_model_shows_another_tenants_rows() {
    let house = house().await;
    let projector = projector(&house, &house.store);
    let (acme, other) = (
        tenant(&house.store, "acme").await,
        tenant(&house.store, "other").await,
    );
    for caller in [&acme, &other] {
        house
            .store
            .execute::<domain::lead::Lead>(caller, &lead_id("l1"), Orders::one(capture()))
            .await
            .unwrap();
        record(&house.store, caller, 1).await;
    }
    projector
        .wait_for(house.store.log().head().await.unwrap())
        .await
        .unwrap();
    let pool = house.database.pool().await;
    let tables: Vec<String> = sqlx::query_scalar(
        "select c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid \
         where a.attname = 'tenant_id' and c.relkind in ('r', 'p', 'v') and not c.relispartition \
         and has_table_privilege('annals_gateway', c.oid, 'select') order by 1",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    assert!(tables.len() >= 10, "{tables:?}");
    let mut seen = 0;
    for table in tables {
        let mut transaction = pool.begin().await.unwrap();
        sqlx::query("set local role annals_gateway")
            .execute(&mut *transaction)
            .await
            .unwrap();
        let count = format!("select count(*), count(*) filter (where tenant_id <> $1) from {table}");
        let unnamed: (i64, i64) = sqlx::query_as(&count)
            .bind(acme.tenant.to_string())
            .fetch_one(&mut *transaction)
            .await
            .unwrap();
        assert_eq!(
            unnamed.0, 0,
            "{table} shows rows to a transaction that names no tenant"
        );
        sqlx::query("select set_config('annals.tenant', $1, true)")
            .bind(acme.tenant.to_string())
            .execute(&mut *transaction)
            .await
            .unwrap();
        let named: (i64, i64) = sqlx::query_as(&count)
            .bind(acme.tenant.to_string())
            .fetch_one(&mut *transaction)
            .await
            .unwrap();
        assert_eq!(named.1, 0, "{table} shows another tenant's rows");
        seen += named.0;
    }
    assert!(seen >= 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn random_stories_rebuilt_in_one_go_are_what_they_were_live() {
    for seed in [4, 5] {
        println!("seed {seed}");
        let mut random = StdRng::seed_from_u64(seed);
        let ground = Ground::open().await;
        let callers = [
            tenant(&ground.store, "acme").await,
            tenant(&ground.store, "other").await,
        ];
        for _ in 0..80 {
            for caller in &callers {
                ground.happen(caller, &mut random).await;
            }
            if random.random_range(0..4) == 0 {
                ground.settle().await;
            }
        }
        ground.settle().await;
        let pool = store::pool(ground.database.url(), Role::Projector, 6).unwrap();
        let models = projections::all().into_iter().map(Arc::from).collect();
        // So little memory for every second one that each page is written at once.
        let memory = if seed == 4 { 1 } else { 64 << 20 };
        let operations = Operations::new(pool, ground.store.log().clone(), models).with_memory(memory);
        for model in projections::all() {
            let build = operations.rebuild(model.name(), Order::default()).await.unwrap();
            operations
                .fill(&build, tokio::sync::watch::Sender::default())
                .await
                .unwrap();
            let diff = operations.switch(model.name()).await.unwrap();
            assert!(diff.is_empty(), "seed {seed}: {diff:?}");
        }
    }
}
