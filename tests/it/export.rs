//! `annals export`: every format, on from where one ended, and nothing of another tenant.

use std::process::Command;

use serde_json::Value;

use crate::read_models::record;
use crate::support::{house, tenant};

const PROGRAM: &str = env!("CARGO_BIN_EXE_annals-program");

/// What an export wrote, what it said, and whether it went well.
fn export(url: &str, args: &[&str]) -> (Vec<u8>, String, bool) {
    let output = Command::new(PROGRAM)
        .args(["export", "--database-url", url])
        // What is exported is told elsewhere: here events are counted.
        .env("ANNALS_READ_SECONDS", "0")
        .args(args)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.stdout, said, output.status.success())
}

fn ids(lines: &[u8]) -> Vec<String> {
    let lines = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let event: Value = serde_json::from_slice(line).unwrap();
            event["id"].as_str().unwrap().to_owned()
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_goes_on_where_another_ended() {
    let house = house().await;
    let acme = tenant(&house.store, "acme").await;
    let other = tenant(&house.store, "other").await;
    record(&house.store, &acme, 40).await;
    record(&house.store, &other, 40).await;
    let url = house.database.url();

    let (first, said, _) = export(url, &["--tenant", "acme"]);
    let cursor = said.split_once("(cursor ").unwrap().1.split_once(')').unwrap().0;
    assert!(!String::from_utf8_lossy(&first).contains(&other.tenant.to_string()));
    record(&house.store, &other, 3).await;
    record(&house.store, &acme, 30).await;
    let (second, _, _) = export(url, &["--tenant", "acme", "--cursor", cursor]);
    let (all, _, _) = export(url, &["--tenant", "acme"]);
    assert_eq!(ids(&second).len(), 30);
    assert_eq!([ids(&first), ids(&second)].concat(), ids(&all));

    let (csv, said, _) = export(url, &["--tenant", "acme", "--format", "csv"]);
    assert_eq!(
        csv.iter().filter(|byte| **byte == b'\n').count(),
        ids(&all).len() + 1,
        "{said}"
    );
    let (parquet, _, _) = export(url, &["--format", "parquet", "--type", "usage.*"]);
    assert!(parquet.starts_with(b"PAR1") && parquet.ends_with(b"PAR1"));

    for (args, named) in [
        (vec!["--tenant", "other", "--cursor", cursor], "--cursor"),
        (vec!["--cursor", cursor], "--tenant"),
        (vec!["--format", "xlsx"], "xlsx"),
        (vec!["--tenant", "nobody"], "nobody"),
    ] {
        let (written, said, is_well) = export(url, &args);
        assert!(
            !is_well && written.is_empty() && said.contains(named),
            "{args:?}: {said}"
        );
    }
}
