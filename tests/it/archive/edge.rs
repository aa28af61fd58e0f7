//! Reading across the edge: whoever needs an archived event is told so, and nothing is decided on half.

use domain::lead::{Lead, Refusal};
use domain::usage::Usage;
use projections::Projector;
use store::{
    FactOutcome, Filter, Follower, LogEventStore, Orders, Part, Place, ReadError, Role, Store, StoreError,
};
use streams::{ExportOrder, Format, PersonalData};

use super::years::{Years, contact, fact, key, years};
use crate::support::{capture, lead_id, tenant};

/// What it says names the positions, the years, the files and what to do.
fn assert_says(error: &ReadError, years: &Years, named: &[i32]) {
    let text = error.to_string();
    assert!(
        matches!(error, ReadError::Archived(_) | ReadError::ArchivedStream { .. }),
        "{text}"
    );
    for year in named {
        let file = years.file(*year).canonicalize().unwrap();
        assert!(text.contains(&format!("{year} in {}", file.display())), "{text}");
        assert!(
            text.contains(&format!("`annals archive mount {}`", file.display())),
            "{text}"
        );
    }
    assert!(text.contains("positions 1 to "), "{text}");
}

fn follow(store: &Store, after: u64) -> Follower {
    store.tail().follow(after, Filter::default())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_from_before_the_edge_is_told_which_files_it_needs() {
    let years = years().await;
    years.archive(2023).await.unwrap();
    years.archive(2024).await.unwrap();
    let store = years.fresh().await;
    let log = store.log();
    let all = Filter::default();
    let error = log.page(0, &all, 10).await.unwrap_err();
    assert_says(&error, &years, &[2023, 2024]);
    assert!(
        error.to_string().contains("positions 1 to 28 are archived"),
        "{error}"
    );
    assert_says(&log.count(0, &all).await.unwrap_err(), &years, &[2023, 2024]);
    let of_types = Filter {
        types: vec!["lead.*".to_owned()],
        ..Filter::tenant(years.caller.tenant)
    };
    assert_says(
        &log.page(13, &of_types, 10).await.unwrap_err(),
        &years,
        &[2023, 2024],
    );
    assert_says(
        &follow(&store, 0).next().await.unwrap_err(),
        &years,
        &[2023, 2024],
    );
    let in_2024 = log.page(14, &all, 10).await.unwrap_err().to_string();
    assert!(
        in_2024.contains("positions 15 to 28 are archived (2024 in") && !in_2024.contains("2023"),
        "{in_2024}"
    );
    let mut out = Vec::new();
    let order = ExportOrder {
        after: 0,
        upto: None,
        filter: all.clone(),
        personal: PersonalData::Included,
        format: Format::Ndjson,
    };
    let export = streams::export(log, &order, &mut out).await.unwrap_err();
    assert!(export.to_string().contains("annals archive mount"), "{export}");
    let part = Part::Tenant {
        tenant: years.caller.tenant,
        aggregates: &[],
    };
    assert_says(
        &log.part(&part, Place::default(), 99, 9).await.unwrap_err(),
        &years,
        &[2023, 2024],
    );

    // What lies behind the edge, or can't lie in an archive, is read as ever.
    assert_eq!(log.page(28, &all, 99).await.unwrap().len(), 14);
    assert_eq!(log.count(28, &all).await.unwrap(), 14);
    assert_eq!(follow(&store, 28).next().await.unwrap().events.len(), 14);
    let since = Filter {
        recorded_from: Some("2025-01-01T00:00:00Z".parse().unwrap()),
        ..Filter::default()
    };
    assert_eq!(log.page(0, &since, 99).await.unwrap().len(), 14);
    let newcomer = tenant(&store, "newcomer").await;
    let of_newcomer = Filter::tenant(newcomer.tenant);
    assert_eq!(log.page(0, &of_newcomer, 9).await.unwrap().len(), 1);
    assert_eq!(
        log.tenants().await.unwrap(),
        [years.caller.tenant, newcomer.tenant]
    );
    let owner = years.database.pool().await;
    for (name, wanted) in [(newcomer.tenant, 0_i64), (years.caller.tenant, 3)] {
        let mut transaction = owner.begin().await.unwrap();
        let gateway = format!("set local role annals_gateway; set local annals.tenant = '{name}'");
        sqlx::raw_sql(&gateway).execute(&mut *transaction).await.unwrap();
        let sql = "select (select count(*) from events_kept) + (select count(*) from log_archive_tenants)";
        let seen: i64 = sqlx::query_scalar(sql)
            .fetch_one(&mut *transaction)
            .await
            .unwrap();
        assert_eq!(seen, wanted, "the gateway sees one tenant's part");
    }
    let stats = log.stats(store.ambient().now()).await.unwrap();
    let archived: Vec<i32> = stats.archives.iter().map(|archive| archive.year).collect();
    assert_eq!((stats.events, archived), (43, vec![2023, 2024]));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_decided_on_half_a_stream_and_the_tenant_goes_on() {
    let years = years().await;
    years.archive(2023).await.unwrap();
    years.archive(2024).await.unwrap();
    let store = years.fresh().await;
    // All of its events are archived; its first is, and its second is not.
    for id in ["l2023-5", "l2024-0"] {
        for command in [contact(), capture()] {
            let refused = store
                .execute::<Lead>(&years.caller, &lead_id(id), Orders::one(command))
                .await
                .unwrap_err();
            let StoreError::Unreadable(error) = &refused else {
                panic!("{id}: {refused}")
            };
            assert_says(error, &years, &[2023, 2024]);
            assert!(error.to_string().contains(id), "{error}");
        }
        let framework = LogEventStore::new(store.clone(), years.caller.clone());
        let refused = cqrs_es::EventStore::<Lead>::load_aggregate(&framework, id).await;
        let refused = refused.err().unwrap().to_string();
        assert!(refused.contains("annals archive mount"), "{refused}");
        let part = Part::Stream(domain::StreamId {
            aggregate_type: "lead",
            tenant: years.caller.tenant,
            id: id.to_owned(),
        });
        let refused = store
            .log()
            .part(&part, Place::default(), 99, 9)
            .await
            .unwrap_err();
        assert_says(&refused, &years, &[2023, 2024]);
    }
    // The tenant's own stream is kept at hand; a stream of this year is whole; a new one is new.
    let committed = store
        .execute::<Lead>(&years.caller, &lead_id("l2025-5"), Orders::one(contact()))
        .await
        .unwrap();
    assert_eq!((committed.position, committed.version), (43, 2));
    let missing = store
        .execute::<Lead>(&years.caller, &lead_id("nobody"), Orders::one(contact()))
        .await
        .unwrap_err();
    assert!(
        matches!(missing, StoreError::Refused(Refusal::NotFound)),
        "{missing}"
    );
    years.restore(&years.file(2024)).await.unwrap();
    let committed = store
        .execute::<Lead>(&years.caller, &lead_id("l2024-0"), Orders::one(contact()))
        .await
        .unwrap();
    assert_eq!((committed.position, committed.version), (44, 3));
    let framework = LogEventStore::new(store.clone(), years.caller.clone());
    let events = cqrs_es::EventStore::<Lead>::load_events(&framework, "l2024-0").await;
    assert_eq!(events.unwrap().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_under_a_key_stays_done_when_its_events_are_archived() {
    let years = years().await;
    years.archive(2023).await.unwrap();
    let store = years.fresh().await;
    for command in [capture(), contact()] {
        let orders = Orders::one(command).under(Some(key("l2023-3")));
        let known = store
            .execute::<Lead>(&years.caller, &lead_id("l2023-3"), orders)
            .await
            .unwrap();
        assert_eq!((known.known, known.position), (true, 5));
    }
    let outcome = store.append_facts::<Usage>(&years.caller, vec![fact(2023)]).await;
    assert_eq!(outcome.unwrap(), [FactOutcome::Known]);
    assert_eq!(store.log().head().await.unwrap(), 42);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_model_goes_on_after_its_past_was_archived_and_a_new_one_waits_for_it() {
    let years = years().await;
    let pool = || store::pool(years.database.url(), Role::Projector, 3).unwrap();
    let projector = Projector::start(&years.store, pool(), projections::all());
    projector.wait_for(42).await.unwrap();
    projector.stop().await;
    years.archive(2023).await.unwrap();
    let owner = years.database.pool().await;
    sqlx::raw_sql(
        "delete from read_model_checkpoints where name = 'lead'; truncate lead;
         delete from read_model_builds where name = 'lead'",
    )
    .execute(&owner)
    .await
    .unwrap();

    let store = years.fresh().await;
    let projector = Projector::start(&store, pool(), projections::all());
    store
        .execute::<Lead>(&years.caller, &lead_id("new"), Orders::one(capture()))
        .await
        .unwrap();
    let position = async |name: &str| -> i64 {
        let sql = "select position from read_model_checkpoints where name = $1";
        let found = sqlx::query_scalar(sql).bind(name).fetch_optional(&owner).await;
        found.unwrap().unwrap_or(-1)
    };
    let mut ticks = tokio::time::interval(std::time::Duration::from_millis(20));
    for name in ["audit_feed", "roi_summary", "daily_usage", "tenant"] {
        for _ in 0..500 {
            if position(name).await == 43 {
                break;
            }
            ticks.tick().await;
        }
        assert_eq!(position(name).await, 43, "{name}");
    }
    assert_eq!(position("lead").await, 0, "it needs what is archived");
    drop(projector);
    years.restore(&years.file(2023)).await.unwrap();
    let projector = Projector::start(&store, pool(), projections::all());
    projector.wait_for(43).await.unwrap();
    let leads: i64 = sqlx::query_scalar("select count(*) from lead")
        .fetch_one(&owner)
        .await
        .unwrap();
    assert_eq!(leads, 37);
}
