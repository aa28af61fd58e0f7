//! The report by the program: the same sentences and figures as by the gateway, and what it refuses.

use std::collections::BTreeMap;

use serde_json::json;
use tokio::process::Command;

use super::ground::{acme, november, roi};
use crate::gateway::house::House;

async fn annals(house: &House, more: &[&str]) -> Result<String, String> {
    let output = Command::new(env!("CARGO_BIN_EXE_annals-program"))
        .args(["roi", "report"])
        .args(more)
        .args(["--database-url", house.url()])
        .output()
        .await
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        Ok(text(&output.stdout))
    } else {
        Err(text(&output.stderr))
    }
}

const NOVEMBER: [&str; 8] = [
    "--vertical",
    "sales",
    "--from",
    "2025-11-01",
    "--to",
    "2025-11-30",
    "--currency",
    "EUR",
];

#[tokio::test(flavor = "multi_thread")]
async fn the_program_tells_the_report_as_the_gateway_does() {
    let house = House::open_wide().await;
    let acme = acme(&house).await;
    let issue = json!({ "subscription": "s1", "at": "2025-11-15T00:00:00Z" });
    house.done(&acme.token, "issueInvoice", issue).await;
    let by_gateway = roi(&house, &acme, november()).await;
    let told = annals(&house, &[&["--tenant", "acme"][..], &NOVEMBER[..]].concat())
        .await
        .unwrap();
    let mut lines = told.lines();
    assert_eq!(
        lines.next(),
        Some("AI found 1 lead, 1 converted, 7,000 EUR of pipeline")
    );
    let figures: BTreeMap<&str, &str> = lines
        .filter_map(|line| line.split_once(' '))
        .map(|(name, value)| (name, value.trim()))
        .collect();
    // As `report.rs` works them out by hand.
    let expected = [
        (&by_gateway["gain"]["confirmed"], "500.01 EUR"),
        (&by_gateway["gain"]["assumed"], "500.00 EUR"),
        (&by_gateway["gain"]["high"], "1000.01 EUR"),
        (&by_gateway["gain"]["unattributed"], "70.00 EUR"),
        (&by_gateway["gain"]["reversed"], "0.00 EUR"),
        (&by_gateway["pipeline"], "7000.00 EUR"),
        (&by_gateway["cost"]["ai"], "2.90 EUR"),
        (&by_gateway["cost"]["fee"], "310.40 EUR"),
        (&by_gateway["cost"]["total"], "313.30 EUR"),
    ];
    for (figure, expected) in expected {
        let name = figure["name"].as_str().unwrap();
        assert_eq!(figures.get(name), Some(&expected), "{name}: {told}");
    }
    assert_eq!(
        (figures["return.low"], figures["return.high"]),
        ("0.5959", "2.1919")
    );
    assert_eq!(
        figures["state"],
        by_gateway["state"].as_str().unwrap().to_lowercase()
    );
    assert!(!told.contains("no return"), "{told}");

    // A model without a price: no return, with the reason.
    let start = json!({
        "id": "r9", "agent": "ann", "vertical": "sales", "lead": "l1", "occurredAt": "2025-11-04T08:00:00Z",
    });
    house.done(&acme.token, "startAgentRun", start).await;
    let call = json!({
        "id": "r9", "provider": "house", "model": "unheard-of", "inputTokens": 1, "outputTokens": 1,
        "occurredAt": "2025-11-04T08:01:00Z",
    });
    house.done(&acme.token, "recordModelCall", call).await;
    house.settle().await;
    let told = annals(&house, &[&["--tenant", "acme"][..], &NOVEMBER[..]].concat())
        .await
        .unwrap();
    assert!(told.contains("no return: "), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_report_is_refused_with_the_reason() {
    let house = House::open_wide().await;
    acme(&house).await;
    let wrong: [(&[&str], &str); 4] = [
        (
            &[
                "--tenant",
                "nobody",
                "--from",
                "2025-11-01",
                "--to",
                "2025-11-30",
                "--currency",
                "EUR",
            ],
            "nobody",
        ),
        (
            &[
                "--tenant",
                "acme",
                "--from",
                "2025-11-30",
                "--to",
                "2025-11-01",
                "--currency",
                "EUR",
            ],
            "2025-11-01",
        ),
        (
            &[
                "--tenant",
                "acme",
                "--from",
                "2025-11-01",
                "--to",
                "2025-11-31",
                "--currency",
                "EUR",
            ],
            "2025-11-31",
        ),
        (
            &[
                "--tenant",
                "acme",
                "--from",
                "2025-11-01",
                "--to",
                "2025-11-30",
                "--currency",
                "UKP",
            ],
            "UKP",
        ),
    ];
    for (arguments, reason) in wrong {
        let said = annals(&house, arguments).await.unwrap_err();
        assert!(said.contains(reason), "{arguments:?}: {said}");
    }
    // Another line of business has none of it; and all lines together have all.
    let more = [
        "--tenant",
        "acme",
        "--from",
        "2025-11-01",
        "--to",
        "2025-11-30",
        "--currency",
        "EUR",
    ];
    let told = annals(&house, &[&more[..], &["--vertical", "claims"]].concat())
        .await
        .unwrap();
    assert!(
        !told.contains("AI ") && told.contains("gain.high                    0.00 EUR"),
        "{told}"
    );
    let told = annals(&house, &more).await.unwrap();
    assert!(told.contains("1000.01 EUR"), "{told}");
}
