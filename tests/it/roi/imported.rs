//! A journey: files of claims and of agents' runs come in through `annals import`, and the return is told in a sentence whose
//! numbers open down to events.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::{Value, json};
use tokio::process::Command;

use super::ground::{amount, roi};
use crate::gateway::house::{House, Tenant};

/// Claims on which an agent worked and that the payer decided; those it denied; those of them that brought money after all.
const DECIDED: usize = 1_200;
const DENIED: usize = 117;
const RECOVERED: usize = 83;
/// All claims, those included on which the payer has not decided.
const ALL: usize = 1_300;

/// A claim a row, and a run a row: January 2025.
fn write_files(folder: &Path) {
    let mut claims = String::from(
        "claim,payer,billed,submitted,service,status,decided,allowed,paid,reason,recovered,recovered_on\n",
    );
    let mut runs = String::from("run,agent,claim,began,ended,outcome,result\n");
    for number in 0..ALL {
        let day = 2 + number % 7;
        let submitted = format!("C{number},Harbour Health,1250.00,2025-01-0{day},2024-12-2{day}");
        let rest = if number < RECOVERED {
            "Denied,2025-01-14,,,not covered,1000.00,2025-01-27"
        } else if number < DENIED {
            "Denied,2025-01-14,,,not covered,,"
        } else if number < DECIDED {
            "Paid,2025-01-16,120.00,100.00,,,"
        } else {
            "Open,,,,,,"
        };
        writeln!(claims, "{submitted},{rest}").unwrap();
        let agent = ["ann", "bob"][number % 2];
        writeln!(
            runs,
            "R{number},{agent},C{number},2025-01-10 08:00:00,2025-01-10 08:05:00,prepared,Resolved"
        )
        .unwrap();
    }
    std::fs::write(folder.join("claims.csv"), claims).unwrap();
    std::fs::write(folder.join("claim_runs.csv"), runs).unwrap();
}

async fn import(house: &House, files: &Path, name: &str) -> String {
    let examples = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/examples");
    let output = Command::new(env!("CARGO_BIN_EXE_annals-program"))
        .arg("import")
        .arg(files.join(name).with_extension("csv"))
        .arg("--mapping")
        .arg(examples.join(name).with_extension("toml"))
        .args(["--tenant", "acme", "--database-url", house.url(), "--data-dir"])
        .arg(files.join("data"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .output()
        .await
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    said.lines().next().unwrap_or_default().to_owned()
}

fn january() -> Value {
    json!({ "vertical": "claims", "from": "2025-01-01", "to": "2025-01-31", "currency": "USD" })
}

/// The ids of the events behind a number of a sentence, page by page, with their types.
async fn opened(house: &House, acme: &Tenant, name: &str) -> Vec<(String, String)> {
    let document = "query($after: Cursor) { roi(vertical: \"claims\", from: \"2025-01-01\", to: \"2025-01-31\", currency: \"USD\") {
        sentences { parts { number { name evidence(first: 100, after: $after) { nodes { eventId type cursor }
            pageInfo { hasNextPage endCursor } } } } } } }";
    let (mut events, mut after) = (Vec::new(), Value::Null);
    loop {
        let data = house.ask(&acme.token, document, json!({ "after": after })).await;
        let parts = data["roi"]["sentences"][0]["parts"].as_array().unwrap().clone();
        let part = parts.into_iter().find(|part| part["number"]["name"] == name);
        let evidence = part.unwrap_or_else(|| panic!("no number {name}"))["number"]["evidence"].clone();
        let text = |node: &Value, field: &str| node[field].as_str().unwrap().to_owned();
        let nodes = evidence["nodes"].as_array().unwrap().iter();
        events.extend(nodes.map(|node| (text(node, "type"), text(node, "eventId"))));
        if evidence["pageInfo"]["hasNextPage"] == false {
            return events;
        }
        after = evidence["pageInfo"]["endCursor"].clone();
    }
}

fn of_type(events: &[(String, String)], types: &[&str]) -> usize {
    events
        .iter()
        .filter(|(kind, _)| types.contains(&kind.as_str()))
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn imported_claims_are_told_in_a_sentence_that_opens_down_to_event_ids() {
    // What was expected without agents is registered before the month, by a clock of before.
    let house = House::open_wide_on("2024-12-30T12:00:00Z".parse().unwrap()).await;
    let acme = house.tenant("acme").await;
    let basis = json!({ "kind": "STATED", "amount": { "amount": "50000", "currency": "USD" }, "days": 31,
        "denialPercent": "12" });
    let baseline = json!({ "id": "before", "name": "Before agents", "vertical": "claims", "basis": basis });
    house.done(&acme.token, "registerRoiBaseline", baseline).await;
    let files = crate::program::folder();
    write_files(files.path());
    for name in ["claims", "claim_runs"] {
        let said = import(&house, files.path(), name).await;
        assert_eq!(
            said,
            format!("{ALL} recorded, 0 known, 0 rejected, 0 skipped"),
            "{name}"
        );
    }
    let again = import(&house, files.path(), "claims").await;
    assert_eq!(again, format!("0 recorded, {ALL} known, 0 rejected, 0 skipped"));

    let told = roi(&house, &acme, january()).await;
    let sentence = &told["sentences"][0];
    assert_eq!(
        sentence["text"],
        "AI processed 1,200 claims, initial denials down from 12 % to 9 %, 83,000 USD recovered"
    );
    // 1,083 claims paid at 100, and what was recovered.
    assert_eq!(amount(&told["gain"]["confirmed"]), "191300.00");

    let processed = opened(&house, &acme, "claims.processed").await;
    assert_eq!(
        of_type(&processed, &["claim.adjudicated", "claim.denied"]),
        DECIDED
    );
    assert_eq!(of_type(&processed, &["agent_run.started"]), DECIDED);
    let denials = opened(&house, &acme, "claims.denial_percent").await;
    assert_eq!(of_type(&denials, &["claim.denied"]), DENIED);
    assert_eq!(of_type(&denials, &["claim.submitted"]), ALL);
    assert_eq!(denials.len(), DENIED + ALL, "what is above the line and below it");
    let recovered = opened(&house, &acme, "claims.recovered").await;
    assert_eq!(of_type(&recovered, &["claim.recovered"]), RECOVERED);
    let was = opened(&house, &acme, "baseline.denial_percent").await;
    assert_eq!(of_type(&was, &["roi_baseline.registered"]), 1);
    let mut ids: Vec<&String> = processed.iter().map(|(_, id)| id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), processed.len(), "each event once");

    // The ratio of the bundle is the sentence's rate, of the same events.
    let document =
        "{ meterRatio(of: { code: \"claims.initial_denial_rate\" }, from: \"2025-01-01\", to: \"2025-01-31\",
        granularity: MONTH) { buckets { numerator denominator ratio } } }";
    let data = house.ask(&acme.token, document, json!({})).await;
    let bucket = &data["meterRatio"]["buckets"][0];
    assert_eq!(
        bucket,
        &json!({ "numerator": DENIED.to_string(), "denominator": ALL.to_string(), "ratio": "0.09" })
    );
    let parts = sentence["parts"].as_array().unwrap();
    let rate = parts
        .iter()
        .find(|part| part["number"]["name"] == "claims.denial_percent");
    let rate: rust_decimal::Decimal = rate.unwrap()["text"].as_str().unwrap().parse().unwrap();
    let ratio: rust_decimal::Decimal = bucket["ratio"].as_str().unwrap().parse().unwrap();
    assert_eq!(rate, ratio * rust_decimal::Decimal::ONE_HUNDRED);

    // The meter of the bundle says the same number, of the same decisions.
    let document = "{ meterUsage(meter: \"claims.processed\", from: \"2025-01-01\", to: \"2025-01-31\", granularity: MONTH) {
        unit buckets { quantity events evidence(first: 1) { nodes { type } } } } }";
    let data = house.ask(&acme.token, document, json!({})).await;
    assert_eq!(
        data["meterUsage"],
        json!({ "unit": "claim", "buckets": [{ "quantity": "1200", "events": 1200,
            "evidence": { "nodes": [{ "type": "claim.denied" }] } }] })
    );
}
