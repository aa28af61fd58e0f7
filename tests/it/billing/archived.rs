//! What comes late for a year that is archived is corrected without its file; a price that rates events one by one and never read
//! the year asks for the file once.

use std::sync::Arc;

use jiff::SignedDuration;
use serde_json::json;
use store::{Ambient, KeyFile, Role, SealOptions, Sealed, Sealer};
use tempfile::TempDir;
use testkit::{TestClock, TestIds};

use super::ground::{acme, invoice, lines, pages, share, shares, subscribe, wish};
use super::numbers::program;
use crate::gateway::house::{House, Tenant};

const MAY: &str = "2024-05-20T00:00:00Z";
const DECEMBER: &str = "2025-12-20T00:00:00Z";

/// Seals all that there is: what is not sealed does not leave.
async fn seal(house: &House, data: &TempDir) {
    let options = SealOptions {
        key: KeyFile::at(data.path().join("seal.key")),
        name: None,
        seed: [7; 32],
        checkpoints: data.path().join("checkpoints"),
    };
    let pool = store::pool(house.url(), Role::Projector, 1).unwrap();
    let mut sealer = Sealer::open(pool, testkit::ambient(8), options).await.unwrap();
    while sealer.seal().await.unwrap() != Sealed::Events(0) {}
}

/// The program, as a person calls it: what it says, or why not.
async fn annals(house: &House, data: &TempDir, arguments: &[&str]) -> Result<String, String> {
    let mut command = program(house, arguments);
    command
        .arg("--data-dir")
        .arg(data.path())
        .env("ANNALS_READ_SECONDS", "0");
    let output = command.output().await.unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        Ok(text(&output.stdout))
    } else {
        Err(text(&output.stdout) + &text(&output.stderr))
    }
}

/// A tenant whose May of 2024 is billed twice, by the page and by a share of each transaction, and 2024 is archived.
async fn archived(data: &TempDir) -> (House, Tenant) {
    let clock = TestClock::at("2024-06-03T12:00:00Z".parse().unwrap());
    let ambient = Ambient {
        clock: Arc::clone(&clock) as _,
        ids: Arc::new(TestIds::seeded(1)),
    };
    let house = House::open_under(ambient, |_, options| {
        options.development = true;
        options.limits.cost = usize::MAX;
        options.plan_buckets.set("default=1000000000:1000000000").unwrap();
    })
    .await;
    let acme = acme(&house).await;
    house.done(&acme.token, "definePlan", shares("pages")).await;
    subscribe(&house, &acme, "s1", "2024-05-01T00:00:00+02:00").await;
    share(&house, &acme, ("s2", "pages"), "2024-05-01T00:00:00+02:00").await;
    pages(&house, &acme, &[("a", "2024-05-20T10:00:00Z", "11.5")]).await;
    for subscription in ["s1", "s2"] {
        house
            .done(&acme.token, "issueInvoice", wish(subscription, MAY))
            .await;
    }
    clock.advance(SignedDuration::from_hours(24 * 600));
    pages(&house, &acme, &[("b", "2025-12-10T10:00:00Z", "2")]).await;
    house.settle().await;
    seal(&house, data).await;
    let file = data.path().join("2024.ndjson.zst").display().to_string();
    annals(
        &house,
        data,
        &["archive", "write", "--year", "2024", "--to", &file],
    )
    .await
    .unwrap();
    (house, acme)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_late_for_an_archived_year_is_corrected_and_what_was_never_read_asks_for_the_file_once() {
    let data = tempfile::tempdir().unwrap();
    let (house, acme) = archived(&data).await;
    // 10 x 0.50 and 1.5 x 0.333; 10 % of 11.5, and 0.25.
    let total = "query($id: ID!) { invoice(id: $id) { total { amount } } }";
    for (number, expected) in [("INV-000001", "315.50"), ("INV-000002", "1.40")] {
        let data = house.ask(&acme.token, total, json!({ "id": number })).await;
        assert_eq!(data["invoice"]["total"]["amount"], expected, "{number}");
    }
    pages(&house, &acme, &[("late", "2024-05-20T11:00:00Z", "8")]).await;

    // Its hours are rows, and its terms stay: it is corrected without the file.
    house
        .done(&acme.token, "issueInvoice", wish("s1", DECEMBER))
        .await;
    house.settle().await;
    let document = "query($id: ID!) { invoice(id: $id) { lines { code kind amount { amount } \
                    corrects { invoice firstDay } } } }";
    let asked = house
        .ask(&acme.token, document, json!({ "id": "INV-000003" }))
        .await;
    let december = &asked["invoice"];
    // 19.5 pages are 8.1635, of which 5.50 was billed.
    assert_eq!(
        lines(december),
        ["pages USAGE 1.00", "platform FEE 310.00", "pages CORRECTION 2.66"]
    );
    let corrected = &december["lines"][2];
    assert_eq!(corrected["corrects"]["invoice"], "INV-000001");
    assert_eq!(corrected["corrects"]["firstDay"], "2024-05-01");

    // What is a share of each transaction was read before the year left.
    house
        .done(&acme.token, "issueInvoice", wish("s2", DECEMBER))
        .await;
    house.settle().await;
    let document =
        "query($id: ID!) { invoice(id: $id) { lines { code kind amount { amount } corrects { invoice }
        evidence(first: 100) { nodes { occurredAt } } } } }";
    let both =
        "query($id: ID!) { invoice(id: $id) { lines { code kind amount { amount } corrects { invoice } } } }";
    let asked = house.ask(&acme.token, both, json!({ "id": "INV-000004" })).await;
    let december = &asked["invoice"];
    // 10 % of 2, and 0.25; 10 % of 8, and 0.25.
    assert_eq!(lines(december), ["share USAGE 0.45", "share CORRECTION 1.05"]);
    assert_eq!(december["lines"][1]["corrects"]["invoice"], "INV-000002");

    // What was never read needs the file: nothing is billed half.
    let taken = json!({ "id": "taken", "label": "Taken", "eventType": "usage.pages", "value": "decimal(data.quantity)",
        "filter": "decimal(data.quantity) > decimal(\"0\")", "aggregation": "SUM", "unit": "page" });
    house.done(&acme.token, "defineMeter", taken).await;
    house.done(&acme.token, "definePlan", shares("taken")).await;
    share(&house, &acme, ("s3", "taken"), "2025-12-01T00:00:00+01:00").await;
    let asked = json!({ "input": wish("s3", DECEMBER) });
    let issuing = "mutation($input: IssueInvoiceInput!) { issueInvoice(input: $input) { localId } }";
    let refused = house.answer(&acme.token, issuing, asked).await["errors"][0].clone();
    assert_eq!(refused["extensions"]["code"], "UNAVAILABLE", "{refused}");
    let told = refused["message"].as_str().unwrap();
    assert!(
        told.contains("2024.ndjson.zst") && told.contains("annals archive mount"),
        "{told}"
    );
    let all = house
        .ask(&acme.token, "{ invoices(first: 1) { totalCount } }", json!({}))
        .await;
    assert_eq!(all["invoices"]["totalCount"], 4, "nothing more was issued");

    // Once it was there, it is read, and can go again.
    let file = data.path().join("2024.ndjson.zst").display().to_string();
    annals(&house, &data, &["archive", "mount", &file]).await.unwrap();
    annals(&house, &data, &["archive", "unmount", &file])
        .await
        .unwrap();
    house
        .done(&acme.token, "issueInvoice", wish("s3", DECEMBER))
        .await;
    house.settle().await;
    let asked = house
        .ask(&acme.token, document, json!({ "id": "INV-000005" }))
        .await;
    assert_eq!(lines(&asked["invoice"]), ["share USAGE 0.45"]);
    // The events of December are at hand, whatever became of those before.
    let behind = &asked["invoice"]["lines"][0]["evidence"]["nodes"];
    assert_eq!(behind, &json!([{ "occurredAt": "2025-12-10T10:00:00Z" }]));

    annals(&house, &data, &["archive", "mount", &file]).await.unwrap();
    let december = invoice(&house, &acme, "INV-000003").await;
    let corrected = &december["lines"][2];
    let behind = corrected["evidence"]["nodes"].as_array().unwrap();
    assert_eq!(behind.len(), 1, "the late one alone: {behind:?}");
    assert_eq!(behind[0]["occurredAt"], "2024-05-20T11:00:00Z");
    let told = annals(&house, &data, &["invoices", "verify", "--all"])
        .await
        .unwrap();
    assert_eq!(told, "5 the same, 0 different, 0 could not be folded again\n");
}
