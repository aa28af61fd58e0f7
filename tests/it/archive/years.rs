//! Years leave from the front and come back to it, and only the owner moves them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::Caller;
use domain::lead::{Command, Lead};
use domain::usage::{self, Fact, Usage};
use jiff::{SignedDuration, Timestamp};
use sqlx::PgPool;
use store::{
    Ambient, Archive, ArchiveError, ArchiveOrder, FactRecord, Key, KeyFile, Options, Orders, Role,
    SealOptions, Sealed, Sealer, Store,
};
use testkit::{TestClock, TestDatabase, TestIds};

use crate::support::{capture, lead_id, tenant};

/// A log with events of 2023, 2024 and 2025, and a clock in 2026.
pub(super) struct Years {
    pub(super) database: TestDatabase,
    pub(super) store: Store,
    pub(super) caller: Caller,
    pub(super) folder: tempfile::TempDir,
}

/// Leads recorded in each year.
pub(super) const LEADS: u64 = 12;

pub(super) fn key(id: &str) -> Key {
    Key {
        source: "test".to_owned(),
        id: id.to_owned(),
        hash: [1; 32],
    }
}

/// What a file of an archive holds.
pub(super) fn lines(file: &Path) -> Vec<String> {
    let text = zstd::decode_all(std::fs::File::open(file).unwrap()).unwrap();
    let text = String::from_utf8(text).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// The same log twice, the second one of another house.
pub(super) async fn two_houses() -> (Years, Years) {
    let (years, other) = (years().await, years().await);
    // Databases of the tests come from one template, and share its identity.
    sqlx::query("update log_identity set id = gen_random_uuid()")
        .execute(&other.database.pool().await)
        .await
        .unwrap();
    (years, other)
}

/// Events in three years: in each a lead of the year before is contacted.
pub(super) async fn years() -> Years {
    let database = testkit::database().await;
    let clock = TestClock::at("2023-06-01T12:00:00.123456Z".parse().unwrap());
    let ambient = Ambient {
        clock: Arc::clone(&clock) as _,
        ids: Arc::new(TestIds::seeded(1)),
    };
    let store = Store::open(Options::new(database.url(), ambient)).await.unwrap();
    let caller = tenant(&store, "acme")
        .await
        .correlated("tab\t, line\n, return\r, back\\slash, \\N, ü, \"quote\"");
    for year in 2023..=2025 {
        for number in 0..LEADS {
            let id = format!("l{year}-{number}");
            let orders = Orders::one(capture()).under(Some(key(&id)));
            store
                .execute::<Lead>(&caller, &lead_id(&id), orders)
                .await
                .unwrap();
        }
        if year > 2023 {
            let contact = Orders::one(contact());
            let earlier = lead_id(&format!("l{}-0", year - 1));
            store.execute::<Lead>(&caller, &earlier, contact).await.unwrap();
        }
        let outcome = store.append_facts::<Usage>(&caller, vec![fact(year)]).await;
        outcome.unwrap();
        clock.advance(SignedDuration::from_hours(24 * 365));
    }
    let years = Years {
        database,
        store,
        caller,
        folder: tempfile::tempdir().unwrap(),
    };
    years.seal().await;
    years
}

pub(super) fn contact() -> Command {
    Command::Contact {
        channel: "phone".to_owned(),
    }
}

pub(super) fn fact(year: i32) -> FactRecord<usage::Event> {
    let fact = Fact::try_new("usage.pages".parse().unwrap(), 1.into(), None, [].into()).unwrap();
    FactRecord {
        key: Some(key(&format!("fact-{year}"))),
        at: None,
        facts: vec![usage::Event::Recorded(fact)],
    }
}

impl Years {
    /// Seals all that there is: what is not sealed does not leave.
    pub(super) async fn seal(&self) {
        let options = SealOptions {
            key: KeyFile::at(self.folder.path().join("seal.key")),
            name: None,
            seed: [7; 32],
            checkpoints: self.folder.path().join("checkpoints"),
        };
        let pool = store::pool(self.database.url(), Role::Projector, 1).unwrap();
        let sealer = Sealer::open(pool, testkit::ambient(8), options).await;
        let mut sealer = sealer.unwrap();
        while sealer.seal().await.unwrap() != Sealed::Events(0) {}
    }

    pub(super) fn file(&self, year: i32) -> PathBuf {
        self.folder.path().join(format!("{year}.ndjson.zst"))
    }

    pub(super) async fn archive(&self, year: i32) -> Result<Archive, ArchiveError> {
        archive_to(&self.database.pool().await, year, &self.file(year)).await
    }

    pub(super) async fn restore(&self, file: &Path) -> Result<Archive, ArchiveError> {
        store::restore(&self.database.pool().await, file, &mut |_| {}).await
    }

    /// A process that has nothing in its cache or its ring.
    pub(super) async fn fresh(&self) -> Store {
        crate::support::open(&self.database, 9).await
    }
}

async fn archive_to(owner: &PgPool, year: i32, to: &Path) -> Result<Archive, ArchiveError> {
    let order = ArchiveOrder {
        year,
        to: to.to_owned(),
        keep: vec!["tenant"],
    };
    // The tests' clock stands in March 2026.
    store::archive(owner, &testkit::ambient(5), &order, &mut |_| {}).await
}

/// All that the log, the streams, the receipts and the notes hold, as text.
pub(super) async fn dump(pool: &PgPool) -> Vec<String> {
    let sql = "select e::text from events e order by position";
    let mut lines: Vec<String> = sqlx::query_scalar(sql).fetch_all(pool).await.unwrap();
    for table in [
        "streams",
        "receipts",
        "events_kept",
        "log_archives",
        "log_archive_tenants",
    ] {
        let sql = format!("select t::text from {table} t order by 1");
        let rows: Vec<String> = sqlx::query_scalar(&sql).fetch_all(pool).await.unwrap();
        lines.extend(rows);
    }
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn a_year_that_is_not_sealed_yet_does_not_leave() {
    let years = years().await;
    let pool = years.database.pool().await;
    sqlx::query("update seal_head set position = 2")
        .execute(&pool)
        .await
        .unwrap();
    let refused = years.archive(2023).await.unwrap_err();
    assert!(
        matches!(refused, ArchiveError::NotSealed { sealed: 2, .. }),
        "{refused}"
    );
    let said = refused.to_string();
    assert!(
        said.starts_with("2023 is not sealed yet: the log is sealed up to position 2"),
        "{said}"
    );
    assert!(!years.file(2023).exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_archived_and_restored_is_byte_for_byte_as_before() {
    let years = years().await;
    let pool = years.database.pool().await;
    let before = dump(&pool).await;
    let first = years.archive(2023).await.unwrap();
    let second = years.archive(2024).await.unwrap();
    assert_eq!(
        (first.first_position, first.last_position, first.events),
        (1, 14, 14)
    );
    assert_eq!(
        (second.first_position, second.last_position, second.events),
        (15, 28, 14)
    );
    let left: i64 = sqlx::query_scalar("select count(*) from events")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(left, 14);
    years.restore(&years.file(2024)).await.unwrap();
    years.restore(&years.file(2023)).await.unwrap();
    assert_eq!(dump(&pool).await, before);
    // And once more: the partition that came back is as good as the one that left, and so is the file.
    let again = years.archive(2023).await.unwrap();
    assert_eq!((again.sha256, again.bytes), (first.sha256, first.bytes));
    years.restore(&years.file(2023)).await.unwrap();
    assert_eq!(dump(&pool).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn years_leave_in_order_and_come_back_in_order() {
    let years = years().await;
    let early = years.archive(2024).await.unwrap_err().to_string();
    assert!(early.contains("archive 2023 first"), "{early}");
    let current = years.archive(2026).await.unwrap_err().to_string();
    assert!(current.contains("2026 is not over"), "{current}");
    let empty = years.archive(2020).await.unwrap_err().to_string();
    assert!(empty.contains("no events of 2020"), "{empty}");

    years.archive(2023).await.unwrap();
    let same = years.archive(2023).await.unwrap();
    assert_eq!(same.year, 2023, "the same file again is no error");
    let pool = years.database.pool().await;
    let elsewhere = archive_to(&pool, 2023, &years.file(1)).await.unwrap_err();
    assert!(
        elsewhere.to_string().contains("2023 is archived already, in /"),
        "{elsewhere}"
    );
    std::fs::write(years.file(2024), "notes of mine").unwrap();
    let taken = years.archive(2024).await.unwrap_err().to_string();
    assert!(taken.contains("no archive of Annals"), "{taken}");
    assert_eq!(
        std::fs::read_to_string(years.file(2024)).unwrap(),
        "notes of mine"
    );
    std::fs::remove_file(years.file(2024)).unwrap();

    years.archive(2024).await.unwrap();
    let early = years.restore(&years.file(2023)).await.unwrap_err().to_string();
    assert!(
        early.contains(&format!("{} first", years.file(2024).display())),
        "{early}"
    );
    years.restore(&years.file(2024)).await.unwrap();
    let twice = years.restore(&years.file(2024)).await.unwrap_err().to_string();
    assert!(twice.contains("restored before, or never archived"), "{twice}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_whose_clock_is_late_does_not_write_into_an_archived_year() {
    let years = years().await;
    for year in 2023..=2025 {
        years.archive(year).await.unwrap();
    }
    let late = Ambient {
        clock: TestClock::at(Timestamp::constant(1_700_000_000, 0)),
        ids: Arc::new(TestIds::seeded(7)),
    };
    let late = Store::open(Options::new(years.database.url(), late))
        .await
        .unwrap();
    let committed = late
        .execute::<Lead>(&years.caller, &lead_id("late"), Orders::one(capture()))
        .await
        .unwrap();
    let event = late.log().page(42, &store::Filter::default(), 9).await.unwrap();
    assert_eq!((committed.position, event.len()), (43, 1));
    assert_eq!(event[0].recorded_at.to_string(), "2026-01-01T00:00:00Z");
    for year in [2025, 2024, 2023] {
        years.restore(&years.file(year)).await.unwrap();
    }
    let all = late.log().page(0, &store::Filter::default(), 99).await.unwrap();
    assert_eq!(all.len(), 43);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_owner_takes_a_year_out_and_nobody_changes_an_event() {
    let years = years().await;
    let pool = years.database.pool().await;
    // Roles are the cluster's, and tests share it.
    sqlx::raw_sql(
        "do $$ begin create role archive_clerk login; exception when duplicate_object then null; end $$;
         grant annals_appender, annals_projector, annals_gateway to archive_clerk",
    )
    .execute(&pool)
    .await
    .unwrap();
    let clerk = store::pool(&years.database.url_as("archive_clerk"), Role::Owner, 1).unwrap();
    let refused = archive_to(&clerk, 2023, &years.file(2023)).await.unwrap_err();
    assert!(
        matches!(refused, ArchiveError::NotOwner { ref user } if user == "archive_clerk"),
        "{refused}"
    );
    assert!(!years.file(2023).exists());
    years.archive(2023).await.unwrap();
    let refused = store::restore(&clerk, &years.file(2023), &mut |_| {}).await;
    assert!(matches!(refused, Err(ArchiveError::NotOwner { .. })));
    for statement in [
        "alter table events detach partition events_2024",
        "drop table events_2024",
        "delete from log_archives",
        "insert into log_archives select 2024, 15, 28, 14, 1, sha256, file, archived_at from log_archives",
        "delete from events_kept",
        "select log_close_year(2030)",
        "select log_guard_partition('events_2024')",
    ] {
        let denied = sqlx::query(statement).execute(&clerk).await.unwrap_err();
        let denied = denied.to_string();
        assert!(
            denied.contains("permission denied") || denied.contains("must be owner"),
            "{statement}: {denied}"
        );
    }
    years.restore(&years.file(2023)).await.unwrap();
    for year in [2023, 2024] {
        for statement in ["delete from", "truncate"] {
            let statement = format!("{statement} events_{year}");
            let refused = sqlx::query(&statement).execute(&pool).await.unwrap_err();
            assert!(
                refused.to_string().contains("append-only"),
                "{statement}: {refused}"
            );
        }
    }
}
