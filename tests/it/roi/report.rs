//! The report: by hand, to the cent, each figure with its events, now and as it was.

use serde_json::json;

use super::ground::{acme, amount, behind, eur, november, reopened, roi};
use crate::gateway::house::House;

#[tokio::test(flavor = "multi_thread")]
async fn a_month_is_what_was_worked_out_by_hand_and_its_fee_is_the_invoice_to_the_cent() {
    let house = House::open_wide().await;
    let acme = acme(&house).await;
    let before = roi(&house, &acme, november()).await;
    let fees = &before["cost"]["fees"][0];
    assert_eq!(
        (fees["state"].as_str(), fees["net"]["amount"].as_str()),
        (Some("PREVIEW"), Some("310.40"))
    );
    assert_eq!(before["state"], "PRELIMINARY");

    let issue = json!({ "subscription": "s1", "at": "2025-11-15T00:00:00Z" });
    house.done(&acme.token, "issueInvoice", issue).await;
    let told = roi(&house, &acme, november()).await;
    assert_eq!(told["missing"], json!([]));
    // 1,000.01 to two runs: the lead's, which was confirmed, and the deal's, which was not.
    assert_eq!(amount(&told["gain"]["confirmed"]), "500.01");
    assert_eq!(amount(&told["gain"]["assumed"]), "500.00");
    assert_eq!(amount(&told["gain"]["high"]), "1000.01");
    assert_eq!(amount(&told["gain"]["unattributed"]), "70.00");
    assert_eq!(amount(&told["pipeline"]), "7000.00", "and no part of the gain");
    // 600,000 × 2 + 400,000 × 1 + 100,000 × 8 by a million, and 0.50 as recorded.
    assert_eq!(amount(&told["cost"]["ai"]), "2.90");
    let invoice = house
        .ask(
            &acme.token,
            "{ invoice(id: \"INV-000001\") { total { amount } } }",
            json!({}),
        )
        .await;
    assert_eq!(
        told["cost"]["fee"]["amount"]["amount"],
        invoice["invoice"]["total"]["amount"]
    );
    assert_eq!(amount(&told["cost"]["total"]), "313.30");
    assert_eq!(told["cost"]["fees"][0]["state"], "ISSUED");
    assert_eq!(told["cost"]["fees"][0]["invoices"], json!(["INV-000001"]));
    // (500.01 - 313.30) / 313.30 and (1000.01 - 313.30) / 313.30.
    assert_eq!(told["return"]["low"]["ratio"], "0.5959");
    assert_eq!(told["return"]["high"]["ratio"], "2.1919");

    assert_eq!(
        behind(&told["gain"]["confirmed"]),
        ["agent_run.started", "agent_run.completed", "opportunity.won"]
    );
    assert_eq!(
        behind(&told["cost"]["ai"])
            .iter()
            .filter(|one| **one == "agent_run.model_call_recorded")
            .count(),
        2
    );
    assert!(behind(&told["cost"]["fee"]).contains(&"invoice.issued"));
    let sentence = &told["sentences"][0];
    assert_eq!(
        sentence["text"],
        "AI found 1 lead, 1 converted, 7,000 EUR of pipeline"
    );
    let numbers = sentence["parts"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|part| !part["number"].is_null());
    let found: Vec<usize> = numbers
        .map(|part| part["number"]["evidence"]["nodes"].as_array().unwrap().len())
        .collect();
    assert_eq!(
        found,
        [3, 2, 3],
        "capture and run; capture and conversion; opening and the run on its lead"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn it_says_what_it_said_as_of_a_point_of_the_past() {
    let house = House::open_wide().await;
    let acme = acme(&house).await;
    let told = roi(&house, &acme, november()).await;
    reopened(&house, &acme).await;
    let after = roi(&house, &acme, november()).await;
    assert_eq!(amount(&after["gain"]["high"]), "0.00");
    assert_eq!(amount(&after["gain"]["reversed"]), "1000.01");
    assert_eq!(
        behind(&after["gain"]["reversed"]),
        ["opportunity.won", "opportunity.reopened"]
    );
    let mut wish = november();
    wish["asOf"] = json!({ "cursor": told["cursor"] });
    let again = roi(&house, &acme, wish).await;
    for part in ["gain", "cost", "pipeline", "agents", "return", "sentences"] {
        assert_eq!(again[part], told[part], "{part}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credit_note_lowers_the_fee_and_a_share_of_days_takes_a_share_of_it() {
    let house = House::open_wide().await;
    let acme = acme(&house).await;
    let issue = json!({ "subscription": "s1", "at": "2025-11-15T00:00:00Z" });
    house.done(&acme.token, "issueInvoice", issue).await;
    house.settle().await;
    let credit = json!({ "id": "INV-000001", "line": 1, "amount": eur("10.40"), "reason": "an outage" });
    house.done(&acme.token, "creditInvoice", credit).await;
    let told = roi(&house, &acme, november()).await;
    assert_eq!(amount(&told["cost"]["fee"]), "300.00");
    let mut ten_days = november();
    ten_days["to"] = json!("2025-11-10");
    let told = roi(&house, &acme, ten_days).await;
    assert_eq!(amount(&told["cost"]["fee"]), "100.00");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenant_sees_nothing_of_it() {
    let house = House::open_wide().await;
    let acme = acme(&house).await;
    let other = house.tenant("other").await;
    let told = roi(&house, &other, november()).await;
    assert_eq!(amount(&told["gain"]["high"]), "0.00");
    assert_eq!(amount(&told["cost"]["total"]), "0.00");
    assert!(told["return"]["low"]["ratio"].is_null());
    let own = roi(&house, &acme, november()).await;
    let mut stolen = november();
    stolen["asOf"] = json!({ "cursor": own["cursor"] });
    assert_eq!(
        house.code(&other.token, super::ground::ROI, stolen).await,
        "BAD_USER_INPUT"
    );
}
