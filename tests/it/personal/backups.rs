//! A backup of the whole database that was made before somebody was forgotten tells nothing of her afterwards, although all
//! others, the proofs and the read models come back from it.

use std::num::NonZeroUsize;
use std::path::Path;
use std::process::Command;

use cluster::Binaries;
use domain::lead::{self, Lead};
use domain::{Email, Personal};
use projections::Order;
use store::{AuditOrder, MasterKeys as _, Orders, Proven, rotate_master_key, verify_file};
use testkit::TestDatabase;

use super::ground::{Ground, SECRETS, ground, subject};
use crate::support::lead_id;

/// The tables of keys: a backup of their own.
const KEYS: [&str; 3] = ["--data-only", "--table=subject_keys", "--table=vault_head"];

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

/// One of PostgreSQL's programs, of the server's own version.
#[expect(clippy::disallowed_methods, reason = "servers are found in the path")]
fn postgres(program: &str) -> Command {
    let path = std::env::var_os("PATH");
    let binaries = Binaries::find(path.as_deref()).unwrap();
    Command::new(binaries.folder().join(program))
}

/// What the program itself says that is left out of a backup.
fn options() -> Vec<String> {
    let printed = run(Command::new(env!("CARGO_BIN_EXE_annals-program")).arg("backup-options"));
    printed.lines().map(str::to_owned).collect()
}

/// A backup in plain text, as `pg_dump` writes it with these options.
fn dump(database: &TestDatabase, options: &[String], to: &Path) -> String {
    run(postgres("pg_dump")
        .args(options)
        .arg("--file")
        .arg(to)
        .arg(database.url()));
    std::fs::read_to_string(to).unwrap()
}

/// Another database with these backups in it, one after the other.
async fn restored(backups: &[&Path]) -> TestDatabase {
    let database = testkit::database().await;
    for statement in [
        "drop schema public cascade",
        "drop schema builds cascade",
        "create schema public",
    ] {
        sqlx::query(statement)
            .execute(&database.pool().await)
            .await
            .unwrap();
    }
    for backup in backups {
        let psql = ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file"];
        run(postgres("psql").args(psql).arg(backup).arg(database.url()));
    }
    database
}

impl Ground {
    /// The same house on another database.
    async fn moved_to(&self, database: TestDatabase) -> Ground {
        let folder = tempfile::tempdir().unwrap();
        for file in ["master.key", "seal.key"] {
            std::fs::copy(self.folder.path().join(file), folder.path().join(file)).unwrap();
        }
        let options = store::Options::new(database.url(), testkit::ambient(8));
        let keys = store::LocalKeys::of_file(&folder.path().join("master.key")).unwrap();
        let store = store::Store::open(options.sealing(std::sync::Arc::new(keys)))
            .await
            .unwrap();
        Ground {
            database,
            clock: std::sync::Arc::clone(&self.clock),
            store,
            folder,
            acme: self.acme.clone(),
        }
    }

    async fn another_person(&self) {
        let command = lead::Command::Capture {
            vertical: "sales".parse().unwrap(),
            source: "fair".to_owned(),
            name: Some(Personal::new("Grace Hopper".to_owned())),
            email: Some(Personal::new(Email::parse("grace@example.org").unwrap())),
            phone: None,
        };
        let id = lead_id("grace");
        let captured = self.store.execute::<Lead>(&self.acme, &id, Orders::one(command));
        captured.await.unwrap();
    }

    async fn rebuild_all(&self) {
        let operations = self.operations(&self.store);
        for model in projections::all() {
            let build = operations.rebuild(model.name(), Order::default()).await.unwrap();
            let (progress, _watching) = tokio::sync::watch::channel(projections::Progress::default());
            operations.fill(&build, progress).await.unwrap();
            operations.switch(model.name()).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_backup_of_the_whole_database_stays_closed_for_who_is_forgotten_and_open_for_others() {
    let ground = ground().await;
    let projector = ground.project(&ground.store);
    ground.another_person().await;
    let last = ground.everything().await;
    projector.wait_for(last).await.unwrap();
    ground.seal().await;
    let export = ground.folder.path().join("before.ndjson");
    let mut file = std::fs::File::create(&export).unwrap();
    let seals = ground.store.log().seals();
    seals
        .export(ground.acme.tenant, (0, last), &mut file)
        .await
        .unwrap();

    // Without the options the backup would tell, and the old keys are in a backup of their own.
    let path = |name: &str| ground.folder.path().join(name);
    let whole = dump(&ground.database, &[], &path("whole.sql"));
    assert!(SECRETS.iter().all(|secret| whole.contains(secret)));
    let log = dump(&ground.database, &options(), &path("log.sql"));
    for secret in SECRETS.iter().chain(&["Hopper"]) {
        assert!(!log.contains(secret), "the backup tells {secret}");
    }
    let keys = KEYS.map(str::to_owned);
    dump(&ground.database, &keys, &path("old-keys.sql"));

    let mut position = 0;
    for id in ["lead/l1", "member/m1", "member/orgmem_1", "claim/c1", "user/ada"] {
        let forgotten = ground
            .store
            .forget(&ground.acme, &subject(id), "request 17")
            .await;
        position = forgotten.unwrap().position;
    }
    projector.wait_for(position).await.unwrap();
    projector.stop().await;
    let master = ground.master_keys();
    let old = master.current().await.unwrap();
    master.add_fresh().unwrap();
    let pool = store::pool(ground.database.url(), store::Role::Projector, 2).unwrap();
    let now = ground.store.ambient().now();
    rotate_master_key(&pool, &master, now, &mut |_| {}).await.unwrap();
    assert_eq!(master.remove_old().unwrap(), std::slice::from_ref(&old));
    dump(&ground.database, &keys, &path("keys.sql"));

    // The old log with the newest keys: all is there, but she.
    let database = restored(&[&path("log.sql"), &path("keys.sql")]).await;
    let back = ground.moved_to(database).await;
    assert_eq!(back.store.log().head().await.unwrap(), last);
    back.rebuild_all().await;
    assert_eq!(back.tables_that_tell().await, Vec::<String>::new());
    assert_eq!(back.tables_with("Hopper").await, ["audit_feed", "lead"]);
    let leads: Vec<(String, bool)> = sqlx::query_as("select id, name is null from lead order by id")
        .fetch_all(&back.owner().await)
        .await
        .unwrap();
    assert_eq!(leads, [("grace".to_owned(), false), ("l1".to_owned(), true)]);
    let order = AuditOrder {
        trusted: Some(ground.trusted().await),
        ..AuditOrder::default()
    };
    let audited = back.store.log().seals().audit(&order).await.unwrap();
    assert!(audited.findings.is_empty(), "{:?}", audited.findings);
    let threads = NonZeroUsize::new(1).unwrap();
    let proven = verify_file(&export, &back.trusted().await, threads).unwrap();
    assert!(
        matches!(proven, Proven::Export { events, .. } if events == last),
        "{proven:?}"
    );

    // The old log with the old keys opens with a master key that is gone.
    let database = restored(&[&path("log.sql"), &path("old-keys.sql")]).await;
    let options = store::Options::new(database.url(), testkit::ambient(8));
    let opened = store::Store::open(options.sealing(std::sync::Arc::new(ground.master_keys()))).await;
    let error = opened
        .expect_err("without its master key it does not open")
        .to_string();
    assert!(error.contains(&old.to_string()), "{error}");
}
