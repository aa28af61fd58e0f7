//! Whatever is done to rows in PostgreSQL itself, by the superuser and with no trigger in the way, is found and
//! named.

use store::{SealError, Trace};

use super::ground::{Ground, ground, told};

/// Acme's events are at 1, 3, 4, 6, 7, 9, 10, ...; the other tenant's at 2, 5, 8, ...
async fn sealed() -> Ground {
    let ground = ground().await;
    ground.capture(0..40).await;
    ground.seal().await;
    assert_eq!(told(&ground.audit().await), Vec::<String>::new());
    ground
}

/// What is found about acme, after some statements.
async fn found(ground: &Ground, statements: &[&str]) -> Vec<String> {
    ground.tamper(statements).await;
    told(&ground.audit().await)
}

fn acme(ground: &Ground, what: &str) -> String {
    format!("tenant {}: {what}", ground.acme.tenant)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_column_is_found_whichever_it_is() {
    let ground = sealed().await;
    let contents = [
        ("payload", "'{\"vertical\":\"sales\",\"source\":\"best\"}'::json"),
        ("metadata", "'{\"a\":1}'::json"),
        ("event_id", "'01ARZ3NDEKTSV4RRFFQ69G5FAV'"),
        ("event_type", "'lead.converted'"),
        ("event_version", "'9'"),
        ("occurred_at", "occurred_at - interval '1 microsecond'"),
        ("actor", "'system:nobody'"),
        ("correlation_id", "'c'"),
        ("causation_id", "'01ARZ3NDEKTSV4RRFFQ69G5FAV'"),
        ("aggregate_type", "'claim'"),
        ("aggregate_id", "aggregate_id || 'x'"),
        ("hash", "sha256('')"),
        ("sequence", "2"),
        ("recorded_at", "recorded_at + interval '1 microsecond'"),
    ];
    for (column, value) in contents {
        let backup = "create table backup as select * from events where position = 10";
        sqlx::query(backup)
            .execute(&ground.house.database.pool().await)
            .await
            .unwrap();
        let change = format!("update events set {column} = {value} where position = 10");
        let told = found(&ground, &[&change]).await;
        let expected = acme(&ground, "changed: position 10 (");
        assert!(
            told.len() == 1 && told[0].starts_with(&expected),
            "{column}: {told:?}"
        );
        let own_hash = told[0].contains("does not match its own hash");
        assert_eq!(
            own_hash,
            !matches!(column, "sequence" | "recorded_at"),
            "{column}: {told:?}"
        );
        ground
            .tamper(&[
                "delete from events where position = 10",
                "insert into events select * from backup",
            ])
            .await;
        sqlx::query("drop table backup")
            .execute(&ground.house.database.pool().await)
            .await
            .unwrap();
        assert_eq!(
            super::ground::told(&ground.audit().await),
            Vec::<String>::new(),
            "{column}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_changed_together_with_its_hash_is_found() {
    let ground = sealed().await;
    // What another event says, with that event's hash: a row that is right in itself.
    let statement = "update events e set (aggregate_type, aggregate_id, event_id, event_type, event_version, \
                     occurred_at, actor, payload, metadata, hash) = (select o.aggregate_type, o.aggregate_id, \
                     o.event_id, o.event_type, o.event_version, o.occurred_at, o.actor, o.payload, o.metadata, \
                     o.hash from events o where o.position = 13), sequence = 7 where e.position = 10";
    let told = found(&ground, &[statement]).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].contains("changed: position 10 (lead.captured) is not the event that was sealed"),
        "{told:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_of_another_tenant_is_found_on_both_sides() {
    let ground = sealed().await;
    let statement = format!(
        "update events set tenant_id = '{}' where position = 10",
        ground.other.tenant
    );
    let told = found(&ground, &[&statement]).await;
    assert!(
        told.contains(&acme(&ground, "removed: position 10 was sealed and is gone")),
        "{told:?}"
    );
    let inserted = format!(
        "tenant {}: inserted: position 10 (lead.captured) was never sealed",
        ground.other.tenant
    );
    assert!(told.contains(&inserted), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_event_is_found() {
    let ground = sealed().await;
    let told = found(&ground, &["delete from events where position = 10"]).await;
    assert_eq!(
        told,
        [
            "removed: the log has no position 10".to_owned(),
            acme(&ground, "removed: position 10 was sealed and is gone"),
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_event_is_found_also_where_the_positions_close_up_again() {
    let ground = sealed().await;
    let told = found(
        &ground,
        &[
            "delete from events where position = 10",
            "update events set position = position - 1 where position > 10",
            "update log_head set position = position - 1",
        ],
    )
    .await;
    assert_eq!(
        told[0],
        "truncated: the log's head is at position 41, and it was sealed up to 42"
    );
    assert!(
        told.iter()
            .any(|line| line.contains("reordered: the event sealed at position 12 lies at position 11")),
        "{told:?}"
    );
    assert!(
        told.contains(&acme(&ground, "removed: position 10 was sealed and is gone")),
        "{told:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inserted_event_is_found() {
    let ground = sealed().await;
    let row = |position: &str, stream: &str| {
        format!(
            "insert into events select {position}, tenant_id, aggregate_type, aggregate_id || '{stream}', sequence, \
             event_id, event_type, event_version, occurred_at, recorded_at + interval '1 microsecond', actor, \
             correlation_id, causation_id, payload, metadata, hash from events where position = 10"
        )
    };
    // Where an event is already, and where there was none.
    let told = found(&ground, &[&row("11", "a"), &row("10", "b")]).await;
    for expected in [
        "inserted: the log has position 10 2 times".to_owned(),
        "inserted: the log has position 11 2 times".to_owned(),
        acme(&ground, "inserted: position 10 (lead.captured) was never sealed"),
        acme(&ground, "inserted: position 11 (lead.captured) was never sealed"),
    ] {
        assert!(told.contains(&expected), "{expected}: {told:?}");
    }
    assert_eq!(told.len(), 4, "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_changed_places_are_found() {
    let ground = sealed().await;
    let told = found(
        &ground,
        &[
            "update events set position = -position where position in (10, 13)",
            "update events set position = 23 + position where position < 0",
        ],
    )
    .await;
    assert_eq!(
        told,
        [
            acme(
                &ground,
                "reordered: the event sealed at position 10 lies at position 13"
            ),
            acme(
                &ground,
                "reordered: the event sealed at position 13 lies at position 10"
            ),
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_changed_what_they_say_are_found() {
    let ground = sealed().await;
    let told = found(&ground, &[
        "create temporary table swapped on commit drop as select * from events where position in (10, 13)",
        "update events e set (aggregate_type, aggregate_id, event_id, payload, metadata, hash) = (select \
         o.aggregate_type, o.aggregate_id || 'x', o.event_id, o.payload, o.metadata, o.hash from swapped o \
         where o.position = 23 - e.position) where e.position in (10, 13)",
        "update events set aggregate_id = rtrim(aggregate_id, 'x') where position in (10, 13)",
    ])
    .await;
    assert_eq!(
        told,
        [
            acme(
                &ground,
                "reordered: the event sealed at position 10 lies at position 13"
            ),
            acme(
                &ground,
                "reordered: the event sealed at position 13 lies at position 10"
            ),
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_truncated_log_is_found() {
    let ground = sealed().await;
    let told = found(
        &ground,
        &[
            "delete from events where position > 30",
            "update log_head set position = 30",
        ],
    )
    .await;
    assert_eq!(
        told[0],
        "truncated: the log's head is at position 30, and it was sealed up to 42"
    );
    assert!(
        told.contains(&acme(
            &ground,
            "truncated: 8 events that were sealed after position 30 are gone"
        )),
        "{told:?}"
    );
    assert_eq!(told.len(), 3, "and of the other tenant: {told:?}");
    let refused = ground.sealer().await.seal().await.unwrap_err();
    assert!(
        matches!(refused, SealError::Shorter { head: 30, sealed: 42 }),
        "{refused}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_truncated_with_all_its_seals_is_found_by_what_was_kept_elsewhere() {
    let ground = ground().await;
    ground.capture(0..20).await;
    ground.seal().await;
    let auditors = ground
        .seals()
        .checkpoint(ground.acme.tenant, store::At::Newest)
        .await
        .unwrap()
        .note;
    let database = &ground.house.database;
    let tables = [
        "seal_head",
        "seal_trees",
        "seal_tiles",
        "seal_checkpoints",
        "log_head",
        "streams",
    ];
    for table in tables {
        let copy = format!("create table old_{table} as select * from {table}");
        sqlx::query(&copy).execute(&database.pool().await).await.unwrap();
    }
    ground.capture(20..40).await;
    ground.seal().await;
    let newer = ground
        .seals()
        .checkpoint(ground.acme.tenant, store::At::Newest)
        .await
        .unwrap()
        .note;
    // Back to what it was, wherever PostgreSQL has it: nothing in there tells.
    let mut statements = vec!["delete from events where position > 22".to_owned()];
    for table in tables {
        statements.push(format!("delete from {table}"));
        statements.push(format!("insert into {table} select * from old_{table}"));
    }
    let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
    let told = found(&ground, &statements).await;
    assert!(
        told.iter()
            .all(|line| line.contains("truncated or rewritten: the checkpoint of")),
        "{told:?}"
    );
    assert_eq!(told.len(), 2, "{told:?}");
    let mut order = ground.without_kept().await;
    assert_eq!(
        super::ground::told(&ground.seals().audit(&order).await.unwrap()),
        Vec::<String>::new()
    );
    order.notes = vec![auditors];
    assert_eq!(
        super::ground::told(&ground.seals().audit(&order).await.unwrap()),
        Vec::<String>::new()
    );
    order.notes = vec![newer];
    assert_eq!(ground.seals().audit(&order).await.unwrap().findings.len(), 1);
    // Nor does the sealer sign another future.
    ground.capture(60..70).await;
    let refused = ground.sealer().await.seal().await.unwrap_err();
    assert!(matches!(refused, SealError::Tree { .. }), "{refused}");
    assert!(refused.to_string().contains("were signed"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn stored_hashes_and_checkpoints_that_were_changed_are_found_and_the_events_are_not_blamed() {
    let ground = sealed().await;
    let told = found(&ground, &["update seal_tiles set hashes = overlay(hashes placing '\\x00ff' from 40) where level = 0 and index = 0"]).await;
    assert!(!told.is_empty());
    assert!(
        told.iter()
            .all(|line| line.contains("the stored tree was changed")),
        "{told:?}"
    );
    ground.capture(100..101).await;
    let refused = ground.sealer().await.seal().await.unwrap_err();
    assert!(matches!(refused, SealError::Tree { .. }), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_that_was_changed_is_found() {
    let ground = sealed().await;
    let told = found(&ground, &["update seal_checkpoints set root = sha256('')"]).await;
    assert!(
        told.iter().all(|line| line.contains("does not fit the text")),
        "{told:?}"
    );
    assert_eq!(told.len(), 2);
    ground.capture(100..101).await;
    let refused = ground.sealer().await.seal().await.unwrap_err();
    assert!(matches!(refused, SealError::Tree { .. }), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_gone_before_it_was_sealed_stops_the_sealer_there() {
    let ground = sealed().await;
    ground.capture(100..110).await;
    ground.tamper(&["delete from events where position = 45"]).await;
    let mut sealer = ground.sealer().await;
    sealer.seal().await.unwrap();
    let refused = sealer.seal().await.unwrap_err();
    assert!(matches!(refused, SealError::Gap { position: 45 }), "{refused}");
    let audited = ground.audit().await;
    let told = told(&audited);
    assert_eq!(told, ["removed: the log has no position 45"], "{told:?}");
    assert!(matches!(
        audited.findings[0].trace,
        Trace::Numbering {
            position: 45,
            rows: 0
        }
    ));
    assert_eq!(audited.unsealed, 7);
}
