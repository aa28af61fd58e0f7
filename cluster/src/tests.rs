//! A server's life, with the real programs of this machine.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use sqlx::{Connection, PgConnection};
use tempfile::TempDir;
use tokio::time::interval;

use crate::{Binaries, Cluster, Error, Lifetime, Options, Shutdown, pid_file};

/// Set for a child of a test: the data directory in which it shall hold a throwaway server.
const HOLD_IN: &str = "ANNALS_TEST_HOLD_IN";

#[expect(
    clippy::disallowed_methods,
    reason = "tests have no configuration to take it from"
)]
fn variable(name: &str) -> Option<std::ffi::OsString> {
    std::env::var_os(name)
}

fn binaries() -> Binaries {
    Binaries::find(variable("PATH").as_deref()).unwrap()
}

/// A folder that the server's account may pass through, even if root makes it.
fn folder() -> TempDir {
    tempfile::Builder::new()
        .permissions(Permissions::from_mode(0o755))
        .tempdir()
        .unwrap()
}

/// A server that stays until it is stopped, without the slow parts.
fn options(folder: &Path) -> Options {
    Options {
        lifetime: Lifetime::UntilStopped,
        ..Options::throwaway(folder, binaries())
    }
}

async fn one(url: &str, sql: &str) -> String {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap()
}

async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let mut ticks = interval(Duration::from_millis(10));
    for _ in 0..2000 {
        ticks.tick().await;
        if condition() {
            return;
        }
    }
    panic!("waited 20 s for this in vain: {what}");
}

fn pid(raw: u32) -> Pid {
    Pid::from_raw(raw.cast_signed()).unwrap()
}

#[tokio::test]
async fn a_started_server_answers_and_a_stopped_one_is_gone() {
    let folder = folder();
    let cluster = Cluster::start(options(folder.path()).setting("work_mem", "7MB"))
        .await
        .unwrap();
    assert!(cluster.started_here());
    let url = cluster.url("postgres");
    assert_eq!(one(&url, "show work_mem").await, "7MB");
    assert_eq!(one(&url, "show server_encoding").await, "UTF8");
    assert_eq!(one(&url, "show listen_addresses").await, "");
    assert_eq!(one(&url, "show data_directory_mode").await, "0700");

    let postmaster = pid(cluster.pid());
    cluster.stop(Shutdown::Fast).await.unwrap();
    assert!(!pid_file::is_alive(postmaster));
    assert!(matches!(
        Cluster::attach(folder.path()).await,
        Err(Error::NotRunning { .. })
    ));
}

#[tokio::test]
async fn a_server_is_durable_by_default() {
    let folder = folder();
    let cluster = Cluster::start(Options::new(folder.path(), binaries()))
        .await
        .unwrap();
    for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
        assert_eq!(
            one(&cluster.url("postgres"), &format!("show {setting}")).await,
            "on"
        );
    }
    cluster.stop(Shutdown::Fast).await.unwrap();
}

#[tokio::test]
async fn a_running_server_is_reused_and_only_its_owner_stops_it() {
    let folder = folder();
    let owner = Cluster::start(options(folder.path())).await.unwrap();
    let second = Cluster::start(options(folder.path())).await.unwrap();
    let attached = Cluster::attach(folder.path()).await.unwrap();
    assert!(owner.is_owned() && owner.started_here());
    assert!(!second.is_owned() && !second.started_here());
    assert!(!attached.is_owned());
    assert_eq!((owner.pid(), owner.pid()), (second.pid(), attached.pid()));

    second.stop(Shutdown::Fast).await.unwrap();
    drop(attached);
    assert_eq!(
        one(&owner.url("postgres"), "select 'still here'").await,
        "still here"
    );
    owner.stop(Shutdown::Fast).await.unwrap();
}

#[tokio::test]
async fn what_was_written_is_there_after_a_restart() {
    let folder = folder();
    let cluster = Cluster::start(options(folder.path())).await.unwrap();
    let url = cluster.url("postgres");
    one(&url, "with made as (select 1) select 'made' from made").await;
    let mut connection = PgConnection::connect(&url).await.unwrap();
    sqlx::query("create table kept as select 'kept' as word")
        .execute(&mut connection)
        .await
        .unwrap();
    cluster.stop(Shutdown::Fast).await.unwrap();

    let cluster = Cluster::start(options(folder.path())).await.unwrap();
    assert_eq!(
        one(&cluster.url("postgres"), "select word from kept").await,
        "kept"
    );
    cluster.stop(Shutdown::Immediate).await.unwrap();
}

#[tokio::test]
async fn a_dropped_owner_lets_the_server_end_and_the_next_start_waits_for_that() {
    let folder = folder();
    let first = Cluster::start(options(folder.path())).await.unwrap().pid();
    let second = Cluster::start(options(folder.path())).await.unwrap();
    assert!(second.started_here());
    assert_ne!(first, second.pid());
    second.stop(Shutdown::Fast).await.unwrap();
}

#[tokio::test]
async fn a_killed_server_is_started_again() {
    let folder = folder();
    let cluster = Cluster::start(options(folder.path())).await.unwrap();
    kill_process(pid(cluster.pid()), Signal::KILL).unwrap();
    drop(cluster);
    assert!(folder.path().join("postgres/data/postmaster.pid").exists());

    let cluster = Cluster::start(options(folder.path())).await.unwrap();
    assert!(cluster.started_here());
    assert_eq!(one(&cluster.url("postgres"), "select 'back'").await, "back");
    cluster.stop(Shutdown::Fast).await.unwrap();
}

#[tokio::test]
async fn a_pid_file_that_names_a_strangers_process_is_no_obstacle() {
    let folder = folder();
    Cluster::start(options(folder.path()))
        .await
        .unwrap()
        .stop(Shutdown::Fast)
        .await
        .unwrap();
    let mut stranger = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
    let data = folder.path().canonicalize().unwrap().join("postgres/data");
    let socket = data.parent().unwrap().display().to_string();
    let text = format!(
        "{}\n{}\n1700000000\n5432\n{socket}\n\n 1 1\nready\n",
        stranger.id(),
        data.display()
    );
    fs::write(data.join("postmaster.pid"), text).unwrap();
    fs::write(
        format!("{socket}/.s.PGSQL.5432.lock"),
        format!("{}\n", stranger.id()),
    )
    .unwrap();

    let cluster = Cluster::start(options(folder.path())).await.unwrap();
    assert!(cluster.started_here());
    assert_eq!(stranger.try_wait().unwrap(), None);
    cluster.stop(Shutdown::Fast).await.unwrap();
    stranger.kill().unwrap();
    stranger.wait().unwrap();
}

#[tokio::test]
async fn of_starters_at_once_one_starts_and_all_use_the_same_server() {
    let folder = folder();
    let start = || Cluster::start(options(folder.path()));
    let (a, b, c) = tokio::join!(start(), start(), start());
    let all = [a.unwrap(), b.unwrap(), c.unwrap()];
    assert_eq!(all.iter().filter(|cluster| cluster.started_here()).count(), 1);
    assert!(all.iter().all(|cluster| cluster.pid() == all[0].pid()));
    for cluster in all {
        cluster.stop(Shutdown::Fast).await.unwrap();
    }
}

#[tokio::test]
async fn a_socket_is_found_when_the_data_directory_has_a_long_path() {
    let folder = folder();
    let deep = folder.path().join("a folder, \"quoted\"").join("x".repeat(120));
    let cluster = Cluster::start(options(&deep)).await.unwrap();
    let socket_dir = cluster.socket_dir().to_owned();
    let found = fs::metadata(&socket_dir).unwrap();
    assert_eq!(found.mode() & 0o777, 0o700);
    assert_eq!(
        found.uid(),
        fs::metadata(deep.join("postgres/data")).unwrap().uid()
    );
    assert_eq!(one(&cluster.url("postgres"), "select 'found'").await, "found");
    assert_eq!(Cluster::attach(&deep).await.unwrap().socket_dir(), socket_dir);
    cluster.stop(Shutdown::Fast).await.unwrap();
    assert!(!socket_dir.exists());
}

#[tokio::test]
async fn a_database_and_a_folder_may_have_names_that_a_url_must_encode() {
    let folder = folder();
    let cluster = Cluster::start(options(&folder.path().join("a & b? 100%, \"c\"")))
        .await
        .unwrap();
    let mut connection = PgConnection::connect(&cluster.url("postgres")).await.unwrap();
    sqlx::query(r#"create database "q & a""#)
        .execute(&mut connection)
        .await
        .unwrap();
    assert_eq!(
        one(&cluster.url("q & a"), "select current_database()::text").await,
        "q & a"
    );
    cluster.stop(Shutdown::Fast).await.unwrap();
}

#[tokio::test]
async fn for_root_the_server_runs_as_another_user_in_a_group_of_its_own() {
    let folder = folder();
    let cluster = Cluster::start(options(folder.path())).await.unwrap();
    let me = rustix::process::geteuid().as_raw();
    let owner = fs::metadata(folder.path().join("postgres/data")).unwrap().uid();
    if me == 0 {
        assert_ne!(owner, 0);
    } else {
        assert_eq!(owner, me);
    }
    let postmaster = pid(cluster.pid());
    assert_eq!(rustix::process::getpgid(Some(postmaster)).unwrap(), postmaster);
    cluster.stop(Shutdown::Fast).await.unwrap();
}

#[tokio::test]
async fn a_folder_that_the_servers_user_cannot_reach_is_named() {
    let folder = folder();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o700)).unwrap();
    if rustix::process::geteuid().is_root() {
        let error = Cluster::start(options(folder.path())).await.unwrap_err();
        assert!(matches!(&error, Error::Unreachable { folder: named, .. } if named == folder.path()));
        assert!(error.to_string().contains("chmod o+x"), "{error}");
    }
}

#[tokio::test]
async fn a_server_that_cannot_start_shows_what_it_said() {
    let folder = folder();
    let error = Cluster::start(options(folder.path()).setting("work_mam", "1MB"))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::NotStarted { .. }));
    assert!(
        error
            .to_string()
            .contains("unrecognized configuration parameter \"work_mam\""),
        "{error}"
    );
    assert!(error.to_string().contains("server.log"), "{error}");
}

#[tokio::test]
async fn a_cluster_of_another_major_version_is_refused() {
    let folder = folder();
    Cluster::start(options(folder.path()))
        .await
        .unwrap()
        .stop(Shutdown::Fast)
        .await
        .unwrap();
    fs::write(folder.path().join("postgres/data/PG_VERSION"), "9\n").unwrap();
    let error = Cluster::start(options(folder.path())).await.unwrap_err();
    assert!(matches!(error, Error::OtherVersion { made_by: 9, .. }), "{error}");
}

#[test]
fn without_a_server_on_the_machine_the_error_says_how_to_get_one() {
    let error = Binaries::among([PathBuf::from("/nowhere")]).unwrap_err();
    assert!(matches!(error, Error::NotInstalled { too_old: None }));
    for command in ["apt install", "dnf install", "brew install"] {
        assert!(error.to_string().contains(command), "{error}");
    }
}

#[test]
fn of_several_versions_the_newest_is_taken_and_too_old_ones_are_named() {
    let folder = folder();
    let fake = |version: &str| {
        let bin = folder.path().join(version);
        fs::create_dir(&bin).unwrap();
        for name in ["postgres", "initdb"] {
            fs::write(
                bin.join(name),
                format!("#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n"),
            )
            .unwrap();
            fs::set_permissions(bin.join(name), Permissions::from_mode(0o755)).unwrap();
        }
        bin
    };
    let folders = ["14.9", "16.2", "17.1", "15.3"].map(fake);
    let found = Binaries::among(folders.clone()).unwrap();
    assert_eq!(found.version().to_string(), "17.1");
    assert_eq!(found.of_major(15).map(|found| found.version.minor), Some(3));
    assert!(found.of_major(14).is_none());
    let error = Binaries::among(folders.into_iter().take(1)).unwrap_err();
    assert!(
        error.to_string().contains("only 14.9, which is too old"),
        "{error}"
    );
}

/// Runs this test binary again, for one test only, as a process that holds a throwaway server.
fn holder(data_dir: &Path) -> Child {
    let this = std::env::current_exe().unwrap();
    let test = OsStr::new("tests::a_throwaway_server_ends_with_its_process_and_leaves_nothing");
    let mut command = Command::new(this);
    command
        .arg("--exact")
        .arg(test)
        .env(HOLD_IN, data_dir)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.spawn().unwrap()
}

#[tokio::test]
async fn a_throwaway_server_ends_with_its_process_and_leaves_nothing() {
    if let Some(data_dir) = variable(HOLD_IN) {
        let _held = Cluster::start(Options::throwaway(data_dir, binaries()))
            .await
            .unwrap();
        std::future::pending::<()>().await;
    }
    let folder = folder();
    let data_dir = folder.path().join("of the child");
    let mut child = holder(&data_dir);
    until("the child's server", || pid_file_is_ready(&data_dir)).await;
    let postmaster = pid(Cluster::attach(&data_dir).await.unwrap().pid());

    child.kill().unwrap();
    child.wait().unwrap();
    until("the end of the server", || !pid_file::is_alive(postmaster)).await;
    until("the end of its files", || !data_dir.exists()).await;
}

#[tokio::test]
async fn a_server_that_was_left_behind_is_taken_over_and_stopped_by_the_next_owner() {
    let folder = folder();
    let first = Cluster::start(options(folder.path())).await.unwrap();
    let left_behind = first.pid();
    first.forget();

    let second = Cluster::start(options(folder.path())).await.unwrap();
    assert_eq!(second.pid(), left_behind);
    assert!(!second.started_here() && second.is_owned());
    second.stop(Shutdown::Fast).await.unwrap();
    assert!(!pid_file_is_ready(folder.path()));
}

fn pid_file_is_ready(data_dir: &Path) -> bool {
    matches!(
        pid_file::state(&data_dir.join("postgres/data")),
        pid_file::State::Ready(_)
    )
}
