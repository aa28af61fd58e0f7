//! The program as a person runs it: archives are written, read and brought back, and killed while they are.

use std::path::Path;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use domain::usage::Usage;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use sqlx::PgPool;
use store::{ArchiveReader, FactRecord};
use tokio::process::Command;

use super::years::{Years, dump, fact, years};

const SEED: u64 = 20_260_301;
const ROUNDS: u32 = 12;

fn program(years: &Years, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_annals-program"));
    command
        .args(arguments)
        .args(["--database-url", years.database.url()])
        .env("ANNALS_READ_SECONDS", "0")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

async fn run(years: &Years, arguments: &[&str]) -> Output {
    program(years, arguments).output().await.unwrap()
}

fn text(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn said(output: &Output) -> String {
    assert!(!output.status.success());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What the log holds, but for what tells that somebody archived.
async fn held(pool: &PgPool) -> Vec<String> {
    let mut lines = dump(pool).await;
    lines.retain(|line| !line.contains("access"));
    lines
}

/// Whether 2025 is in the log: whole, or else in a whole file that is noted.
async fn is_there(pool: &PgPool, file: &Path, events: u64) -> bool {
    let sql = "select (to_regclass('events_2025') is not null) as attached, \
               (select count(*) from log_archives where year = 2025) as noted";
    let (attached, noted): (bool, i64) = sqlx::query_as(sql).fetch_one(pool).await.unwrap();
    assert_eq!(attached, noted == 0);
    if attached {
        let sql =
            "select count(*) from events where recorded_at >= '2025-01-01' and aggregate_type <> 'access'";
        let count: i64 = sqlx::query_scalar(sql).fetch_one(pool).await.unwrap();
        assert_eq!(u64::try_from(count).unwrap(), events);
        return true;
    }
    let mut reader = ArchiveReader::open(file).unwrap();
    let mut count = 0;
    while reader.next_event().unwrap().is_some() {
        count += 1;
    }
    assert_eq!(count, events);
    false
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_it_leaves_the_year_in_the_log_or_in_the_file_and_finishes_when_asked_again() {
    let years = years().await;
    let late = FactRecordMaker(years.store.limits().batch_records / 4);
    let database = &years.database;
    let clock = testkit::TestClock::at("2025-09-01T00:00:00Z".parse().unwrap());
    let ambient = store::Ambient {
        clock,
        ids: std::sync::Arc::new(testkit::TestIds::seeded(3)),
    };
    let store = store::Store::open(store::Options::new(database.url(), ambient))
        .await
        .unwrap();
    store
        .append_facts::<Usage>(&years.caller, late.make())
        .await
        .unwrap();
    years.seal().await;
    let events = 14 + late.0 as u64;
    let pool = database.pool().await;
    let whole = held(&pool).await;
    let file = years.file(2025);
    let path = file.to_str().unwrap();
    let archive = ["archive", "write", "--year", "2025", "--to", path];
    let restore = ["archive", "restore", path];
    for year in [2023, 2024] {
        let to = years.file(year);
        let arguments = [
            "archive",
            "write",
            "--year",
            &year.to_string(),
            "--to",
            to.to_str().unwrap(),
        ];
        text(&run(&years, &arguments).await);
    }
    let before = held(&pool).await;

    let started = Instant::now();
    text(&run(&years, &archive).await);
    let archiving = started.elapsed();
    let started = Instant::now();
    text(&run(&years, &restore).await);
    let restoring = started.elapsed();
    assert_eq!(held(&pool).await, before);
    std::fs::remove_file(&file).unwrap();

    eprintln!("seed {SEED}, {archiving:?} to archive, {restoring:?} to restore");
    let mut random = StdRng::seed_from_u64(SEED);
    let (mut in_log, mut in_file) = (0, 0);
    for _ in 0..ROUNDS {
        let attached = is_there(&pool, &file, events).await;
        let (arguments, whole_time) = if attached {
            (&archive[..], archiving)
        } else {
            (&restore[..], restoring)
        };
        let moment =
            Duration::from_micros(random.random_range(0..=u64::try_from(whole_time.as_micros()).unwrap()));
        let mut child = program(&years, arguments).spawn().unwrap();
        if tokio::time::timeout(moment, child.wait()).await.is_err() {
            child.kill().await.unwrap();
        }
        if is_there(&pool, &file, events).await {
            in_log += 1;
        } else {
            in_file += 1;
        }
    }
    eprintln!("{in_log} times it was in the log then, {in_file} times in the file");
    if is_there(&pool, &file, events).await {
        assert!(text(&run(&years, &archive).await).contains("2025 is archived"));
    }
    assert!(
        text(&run(&years, &archive).await).contains("2025 is archived"),
        "asked again"
    );
    for year in [2025, 2024, 2023] {
        let from = years.file(year);
        let restored = run(&years, &["archive", "restore", from.to_str().unwrap()]).await;
        assert!(text(&restored).contains(&format!("{year} is restored")));
    }
    assert_eq!(held(&pool).await, whole);
}

/// Makes so many facts under keys of their own.
struct FactRecordMaker(usize);

impl FactRecordMaker {
    fn make(&self) -> Vec<FactRecord<domain::usage::Event>> {
        (0..self.0)
            .map(|number| fact(i32::try_from(10_000 + number).unwrap()))
            .collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_reads_in_the_terminal_as_the_log_did() {
    let years = years().await;
    let file = years.file(2023);
    let path = file.to_str().unwrap();
    let tenant = years.caller.tenant.to_string();
    let filters: [&[&str]; 6] = [
        &[],
        &["--json"],
        &["--type", "lead.*", "--json"],
        &["--after", "5"],
        &["--tenant", &tenant, "--type", "tenant.provisioned"],
        &["--tenant", "acme", "--since", "2023-01-01T00:00:00Z"],
    ];
    let only_2023 = ["--until", "2024-01-01T00:00:00Z"];
    let mut before = Vec::new();
    for filter in filters {
        before.push(text(
            &run(&years, &[&["log", "tail"], filter, &only_2023].concat()).await,
        ));
    }
    let done = text(&run(&years, &["archive", "write", "--year", "2023", "--to", path]).await);
    assert!(
        done.contains("2023 is archived: 14 events, positions 1 to 14"),
        "{done}"
    );
    // That it was done is an entry.
    let tail = [
        "log",
        "tail",
        "--type",
        "access.operated",
        "--since",
        "2026-06-01T00:00:00Z",
        "--json",
    ];
    let told = text(&run(&years, &tail).await);
    assert!(
        told.contains("archive write") && told.contains("2023.ndjson.zst"),
        "{told}"
    );
    for (filter, before) in filters.into_iter().zip(before) {
        let read = text(&run(&years, &[&["archive", "read", path], filter].concat()).await);
        assert_eq!(read, before, "{filter:?}");
        assert!(!read.is_empty(), "{filter:?}");
    }
    for command in [
        &["log", "tail"][..],
        &["log", "tail", "--follow"],
        &["log", "show", "--tenant", "acme", "lead/l2023-0"],
        &["export"],
    ] {
        let said = said(&run(&years, command).await);
        assert!(
            said.contains("positions 1 to 14 are archived (2023 in "),
            "{said}"
        );
        assert!(said.contains("annals archive mount"), "{said}");
    }
    let stats = text(&run(&years, &["log", "stats"]).await);
    assert!(
        stats.contains("archived    2023: positions 1 to 14 in /"),
        "{stats}"
    );
    let stats = text(&run(&years, &["log", "stats", "--json"]).await);
    assert!(stats.contains("\"archives\":[{\"year\":2023"), "{stats}");

    let bytes = std::fs::read(&file).unwrap();
    std::fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
    let said = said(&run(&years, &["archive", "read", path]).await);
    assert!(said.contains(path) && said.contains("truncated"), "{said}");
}
