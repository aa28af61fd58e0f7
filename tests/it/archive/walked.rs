//! An adversary walks over all tables as the superuser, with no trigger in the way, and does to each what can be done to
//! rows: what is changed, removed, inserted, moved or cut off is named by the audit. A table that it does not cover says
//! why; one that is new must be decided on.

mod deeds;
mod seals;

use std::collections::{BTreeMap, BTreeSet};

use domain::lead::Lead;
use sqlx::PgPool;
use store::{ArchiveFiles, AuditOrder, Orders};

use self::deeds::{to_archives, to_events};
use self::seals::to_seals;
use super::years::{Years, years};
use crate::support::{capture, lead_id, tenant};

/// What the audit covers.
const COVERED: [&str; 11] = [
    "events",
    "events_kept",
    "log_archive_tenants",
    "log_archives",
    "log_head",
    "seal_checkpoints",
    "seal_head",
    "seal_keys",
    "seal_tiles",
    "seal_trees",
    "streams",
];

/// What it does not, beside the read models: these are folded from the log, and `annals read-model verify` holds them
/// against it.
const OUTSIDE: [(&str, &str); 23] = [
    (
        "_sqlx_migrations",
        "which changes of the schema were applied: nothing of the past",
    ),
    (
        "erasure_certificates",
        "each is a signed note, which `annals verify` holds against the key",
    ),
    (
        "erasure_masks",
        "how many rows an erasure masked: it is in the signed certificate",
    ),
    (
        "log_identity",
        "the name under which archives know the database: a file of another is not mounted",
    ),
    (
        "priced_events",
        "what prices read of the log: issued invoices are folded again from the log itself",
    ),
    ("priced_meters", "how far that is read"),
    ("projectors", "which processes run"),
    ("read_model_builds", "tables of read models"),
    (
        "read_model_checkpoints",
        "how far read models have come; rows that were skipped are found by verifying them",
    ),
    ("read_model_leases", "who folds what now"),
    (
        "read_model_parked",
        "which streams a read model can't fold: they are told as stale, and verified",
    ),
    ("read_model_shards", "how read models are dealt out"),
    ("read_model_stale", "which rows wait behind parked streams"),
    (
        "receipts",
        "what was taken under a key: without one it may be taken again, as an event of its own",
    ),
    (
        "subject_holds",
        "folded from the log's `subject.hold_placed` and `hold_lifted`, which stay",
    ),
    (
        "subject_keys",
        "keys of personal data: a value that is not the sealed one does not open, and events stay",
    ),
    (
        "vault_head",
        "which master key wraps: no data key opens with another",
    ),
    ("webhook_deliveries", "what is on its way out"),
    ("webhook_head", "up to where deliveries are planned"),
    ("webhook_inbox", "what came in, before it is taken into the log"),
    ("webhook_mentions", "whom that tells of, until it is blanked"),
    ("webhook_queues", "what is on its way out"),
    ("webhook_things", "what foreign things are called here"),
];

/// What can't be done, or does no harm.
const NOT_DONE: [(&str, &str, &str); 9] = [
    (
        "log_head",
        "inserted",
        "it has one row, and its key allows no other",
    ),
    ("log_head", "reordered", "it has one row"),
    (
        "seal_head",
        "inserted",
        "it has one row, and its key allows no other",
    ),
    ("seal_head", "reordered", "it has one row"),
    ("seal_head", "truncated", "it has one row, which is removed"),
    (
        "seal_keys",
        "inserted",
        "a key that signed nothing proves nothing",
    ),
    ("seal_keys", "reordered", "it has one row here"),
    ("seal_keys", "truncated", "it has one row here, which is removed"),
    (
        "streams",
        "inserted",
        "is done when all years are there: before, its events might be in a file",
    ),
];

/// The log of two tenants: 2023 is archived, 2024 archived and mounted, the rest is live. Acme's are all up to 42, and 45,
/// 47 and 49.
async fn ground() -> Years {
    let years = years().await;
    let other = tenant(&years.store, "other").await;
    for number in 0..3 {
        for caller in [&other, &years.caller] {
            let id = lead_id(&format!("l2026-{number}"));
            let orders = Orders::one(capture());
            years.store.execute::<Lead>(caller, &id, orders).await.unwrap();
        }
    }
    years.seal().await;
    years.archive(2023).await.unwrap();
    years.archive(2024).await.unwrap();
    years.mount(2024).await.unwrap();
    years
}

/// Everything that an auditor has: the public keys, the checkpoints outside of PostgreSQL, and the files.
async fn audited(years: &Years, order: &AuditOrder) -> Vec<String> {
    match years.store.log().seals().audit(order).await {
        Ok(audited) => audited.findings.iter().map(ToString::to_string).collect(),
        // Nothing is left that could be audited, and that is said.
        Err(error) => vec![error.to_string()],
    }
}

async fn as_superuser(pool: &PgPool, statements: &[String]) -> Result<(), sqlx::Error> {
    let mut transaction = pool.begin().await?;
    sqlx::query("set local session_replication_role = replica")
        .execute(&mut *transaction)
        .await?;
    for statement in statements {
        let done = sqlx::query(statement).execute(&mut *transaction).await?;
        let is_counted = !statement.starts_with("truncate");
        assert!(
            !is_counted || done.rows_affected() > 0,
            "{statement} touched nothing"
        );
    }
    transaction.commit().await
}

/// Copies of the covered tables, from which they come back.
async fn keep(pool: &PgPool) {
    let copies = COVERED.map(|table| format!("create table before.{table} as table public.{table};"));
    sqlx::raw_sql(&format!(
        "drop schema if exists before cascade; create schema before; {}",
        copies.concat()
    ))
    .execute(pool)
    .await
    .unwrap();
}

async fn bring_back(pool: &PgPool) {
    let mut transaction = pool.begin().await.unwrap();
    let restored = COVERED.map(|table| {
        format!("delete from public.{table}; insert into public.{table} select * from before.{table};")
    });
    let restored = format!(
        "set local session_replication_role = replica; {}",
        restored.concat()
    );
    sqlx::raw_sql(&restored).execute(&mut *transaction).await.unwrap();
    transaction.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_done_to_rows_in_postgresql_is_named() {
    let years = ground().await;
    let pool = years.database.pool().await;
    let seals = years.store.log().seals();
    let order = AuditOrder {
        trusted: Some(seals.keys().await.unwrap().unwrap().trusted()),
        kept: Some(years.folder.path().join("checkpoints")),
        archives: ArchiveFiles::Read,
        ..AuditOrder::default()
    };
    assert_eq!(audited(&years, &order).await, [""; 0]);
    keep(&pool).await;
    let (mut unnamed, mut done) = (Vec::new(), BTreeMap::<_, BTreeSet<_>>::new());
    for (table, kind, statements, wanted) in [to_events(), to_archives(), to_seals()].concat() {
        as_superuser(&pool, &statements).await.unwrap();
        let found = audited(&years, &order).await;
        if !found.iter().any(|found| found.contains(&wanted)) {
            unnamed.push(format!("{table} {kind}: {statements:?}: {wanted}: {found:#?}"));
        }
        bring_back(&pool).await;
        done.entry(table).or_default().insert(kind);
    }
    assert!(unnamed.is_empty(), "{}", unnamed.join("\n"));
    assert_eq!(audited(&years, &order).await, [""; 0], "all is as before");

    // All years are there: a stream that is noted and has no events is nowhere.
    years.mount(2023).await.unwrap();
    let stream = "insert into streams values ('lead', 'x:nobody', 3)".to_owned();
    as_superuser(&pool, &[stream]).await.unwrap();
    assert_eq!(
        audited(&years, &order).await,
        ["tenant x: the stream lead/nobody: it is noted to have 3 events, and its last one is number 0"]
    );

    for table in COVERED {
        for kind in ["changed", "removed", "inserted", "reordered", "truncated"] {
            let is_done = done[table].contains(kind);
            let is_not = NOT_DONE.iter().any(|(of, what, _)| (*of, *what) == (table, kind));
            assert!(
                is_done != is_not,
                "{table} {kind}: it is done, or it is said why not"
            );
        }
    }
}

#[tokio::test]
async fn each_table_is_covered_or_it_is_said_why_not() {
    let database = testkit::database().await;
    let tables = "select c.relname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace \
                  where n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast') \
                  and c.relkind in ('r', 'p', 'f', 'm') and not c.relispartition";
    let tables: Vec<String> = sqlx::query_scalar(tables)
        .fetch_all(&database.pool().await)
        .await
        .unwrap();
    let models = projections::all();
    let known: Vec<&str> = COVERED
        .into_iter()
        .chain(OUTSIDE.iter().map(|(table, _)| *table))
        .chain(models.iter().map(|model| model.name()))
        .collect();
    let unique: BTreeSet<&str> = known.iter().copied().collect();
    assert_eq!(unique.len(), known.len(), "no table is named twice");
    let tables: BTreeSet<&str> = tables.iter().map(String::as_str).collect();
    let undecided: Vec<&&str> = tables.difference(&unique).collect();
    assert!(
        undecided.is_empty(),
        "does the audit cover {undecided:?}? If not, say why"
    );
    let gone: Vec<&&str> = unique.difference(&tables).collect();
    assert!(gone.is_empty(), "{gone:?} are no tables any more");
}
