//! Snapshots: frozen with their place in the log, superseded with what changed and by which events.

use std::process::Stdio;

use serde_json::json;
use tokio::process::Command;

use super::ground::{acme, november, reopened};
use crate::gateway::house::House;

const SNAPSHOT: &str = "query($id: ID!) { roiSnapshot(id: $id) { localId versions {
    number state countedUpTo supersedes figures { name value { amount { amount } count ratio } }
    changes { name before { amount { amount } } after { amount { amount } } evidence(first: 10) { nodes { type } } } } } }";

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_stays_and_a_later_one_says_what_changed_it() {
    let house = House::open_wide().await;
    let acme = acme(&house).await;
    let first = house.done(&acme.token, "freezeRoi", november()).await;
    let id = first["localId"].clone();
    assert_eq!(id, "2025-11-01.2025-11-30.sales.EUR");
    let same = house.mutate(&acme.token, "freezeRoi", november()).await;
    assert_eq!(same["userErrors"][0]["code"], "NOTHING_CHANGED");
    reopened(&house, &acme).await;
    house.settle().await;
    house.done(&acme.token, "freezeRoi", november()).await;
    house.settle().await;
    let data = house.ask(&acme.token, SNAPSHOT, json!({ "id": id })).await;
    let versions = data["roiSnapshot"]["versions"].as_array().unwrap();
    assert_eq!(versions.len(), 2);
    let confirmed = |place: usize| {
        let figures = versions[place]["figures"].as_array().unwrap();
        let figure = figures
            .iter()
            .find(|one| one["name"] == "gain.confirmed")
            .unwrap();
        figure["value"]["amount"]["amount"].clone()
    };
    assert_eq!((confirmed(0), confirmed(1)), (json!("500.01"), json!("0.00")));
    assert_eq!(versions[1]["supersedes"], versions[0]["countedUpTo"]);
    assert_eq!(versions[0]["changes"], json!([]));
    let changes = versions[1]["changes"].as_array().unwrap();
    let change = changes.iter().find(|one| one["name"] == "gain.reversed").unwrap();
    assert_eq!(change["before"]["amount"]["amount"], "0.00");
    assert_eq!(change["after"]["amount"]["amount"], "1000.01");
    assert_eq!(
        change["evidence"]["nodes"],
        json!([{ "type": "opportunity.reopened" }])
    );
    let mut other = november();
    other["id"] = id;
    other["windowDays"] = json!(3);
    let refused = house.mutate(&acme.token, "freezeRoi", other).await;
    assert_eq!(refused["userErrors"][0]["code"], "OTHER_REPORT");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_is_frozen_by_the_program_once() {
    let house = House::open_wide().await;
    let acme = acme(&house).await;
    let freeze = async || {
        let output = Command::new(env!("CARGO_BIN_EXE_annals-program"))
            .args([
                "roi",
                "freeze",
                "--all",
                "--period",
                "2025-11",
                "--database-url",
                house.url(),
            ])
            .stdout(Stdio::piped())
            .output()
            .await
            .unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert_eq!(freeze().await, "acme: 1 frozen\n");
    house.settle().await;
    assert_eq!(freeze().await, "acme: 0 frozen\n");
    let listed = "{ roiSnapshots(first: 10) { nodes { localId vertical currency } } }";
    let data = house.ask(&acme.token, listed, json!({})).await;
    assert_eq!(
        data["roiSnapshots"]["nodes"],
        json!([{ "localId": "2025-11-01.2025-11-30.sales.EUR", "vertical": "sales", "currency": "EUR" }])
    );
}
