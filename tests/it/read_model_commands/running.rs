//! `annals read-model` beside a running program: a rebuild that somebody else fills, and figures that are those of
//! `/metrics`.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::{PROGRAM, command};
use crate::past::ground::Ground;
use crate::program::{Up, folder};
use crate::support::tenant;

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_that_a_running_projector_takes_up_first_is_followed_to_its_end() {
    let ground = Ground::open().await;
    tenant(&ground.store, "shop").await;
    ground.settle().await;
    ground.projector.stop().await;
    let owner = ground.database.pool().await;
    // Somebody else works on the build that is to come.
    let mut other = owner.acquire().await.unwrap();
    let works = "select pg_advisory_lock(hashtextextended('annals.work.tenant#2', 0))";
    sqlx::query(works).execute(&mut *other).await.unwrap();
    let mut child = command(&ground.database, &["read-model", "rebuild", "tenant"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // It has begun the build, and looks on.
    let looks_on = "select exists ( \
                        select from read_model_builds b \
                        join pg_stat_activity a on a.state_change > b.started_at \
                        where b.name = 'tenant' and b.build = 2 and a.datname = current_database() \
                          and a.state = 'idle' and a.query like '%b.switch_when_ready%')";
    let mut look = tokio::time::interval(std::time::Duration::from_millis(20));
    while !sqlx::query_scalar::<_, bool>(looks_on)
        .fetch_one(&owner)
        .await
        .unwrap()
    {
        look.tick().await;
        assert!(
            child.try_wait().unwrap().is_none(),
            "it ended before anybody filled it"
        );
    }
    // The other's work is over before it lets go, so that nobody else can begin with it.
    let is_over = "update read_model_builds set state = 'ready' where name = 'tenant' and build = 2";
    sqlx::query(is_over).execute(&owner).await.unwrap();
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}");
    assert!(
        told.contains("build 2 was filled by a running projector"),
        "{told}"
    );
    assert!(told.contains("build 2 is ready"), "{told}");
    drop(other.detach());
}

/// What a server's `/metrics` answers.
fn metrics(address: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .write_all(b"GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn the_metrics_have_the_figures_of_the_status() {
    let data_dir = folder();
    let up = Up::start(data_dir.path());
    up.provision("shop");
    let captured = up.ask(
        Some("shop"),
        "mutation { captureLead(input: { id: \"l1\", vertical: \"sales\", source: \"web\" }) { cursor } }",
    );
    let seen = format!(
        "{{ lead(id: \"l1\", atLeast: {}) {{ id }} }}",
        captured["captureLead"]["cursor"]
    );
    up.ask(Some("shop"), &seen);
    let status = || -> Vec<Value> {
        let output = Command::new(PROGRAM)
            .args(["read-model", "status", "--json", "--data-dir"])
            .arg(data_dir.path())
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    };
    let missing = || -> Vec<String> {
        let metrics = metrics(&up.address);
        let statuses = status();
        assert_eq!(statuses.len(), projections::all().len());
        let lines = statuses.iter().flat_map(|status| {
            let name = status["name"].as_str().unwrap();
            let figures = ["position", "lag_events", "lag_ms", "version", "parked"];
            let figure = |figure: &str| {
                format!(
                    "annals_read_model_{figure}{{read_model=\"{name}\"}} {}",
                    status[figure]
                )
            };
            let mut lines: Vec<String> = figures.map(figure).into();
            lines.push(format!("annals_read_model_carried{{read_model=\"{name}\"}} 1"));
            lines.push(format!(
                "annals_read_model_tenants_behind{{read_model=\"{name}\"}} 0"
            ));
            lines
        });
        let told = |line: &String| metrics.lines().any(|one| one == line);
        let mut missing: Vec<String> = lines.filter(|line| !told(line)).collect();
        let rate = "annals_read_model_rate{read_model=\"lead\"} ";
        if !metrics.lines().any(|line| line.starts_with(rate)) {
            missing.push(rate.to_owned());
        }
        missing
    };
    // The figures are taken every two seconds.
    let mut last = missing();
    for _ in 0..60 {
        if last.is_empty() {
            return;
        }
        last = missing();
    }
    panic!("/metrics lacks {last:#?}");
}
