//! Issued invoices folded again from the log: by hand, and every night.

use std::process::Stdio;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use store::Store;
use testkit::{TestClock, TestIds};
use tokio::process::Command;

use super::ground::{acme, invoice, issue, pages, subscribe};
use crate::gateway::house::House;

const TAMPER: &str = "do $$ begin
    set local session_replication_role = replica;
    update events set payload = replace(payload::text, '\"11.5\"', '\"9\"')::json where event_type = 'usage.pages';
end $$";

async fn verify(house: &House) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_annals-program"))
        .args(["invoices", "verify", "--all", "--database-url", house.url()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .output()
        .await
        .unwrap();
    (
        output.status.success(),
        String::from_utf8_lossy(&output.stdout).into_owned(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn invoices_fold_to_the_same_until_somebody_changes_the_log_and_that_is_an_event() {
    let house = House::open_wide().await;
    let acme = acme(&house).await;
    subscribe(&house, &acme, "s1", "2025-03-12T09:00:00+01:00").await;
    pages(&house, &acme, &[("a", "2025-03-20T10:00:00Z", "11.5")]).await;
    issue(&house, &acme, "2025-03-20T00:00:00Z").await;
    pages(&house, &acme, &[("b", "2025-03-21T10:00:00Z", "4")]).await;
    issue(&house, &acme, "2025-04-20T00:00:00Z").await;
    pages(&house, &acme, &[("c", "2025-03-21T10:00:00Z", "1")]).await;
    let changed = json!({
        "id": acme.id, "settings": { "name": "Acme", "timeZone": "Asia/Tokyo", "currency": "EUR" },
    });
    house.done(&acme.token, "changeTenantSettings", changed).await;
    issue(&house, &acme, "2025-05-20T00:00:00Z").await;
    let (same, said) = verify(&house).await;
    assert_eq!(said, "3 the same, 0 different, 0 could not be folded again\n");
    assert!(same);

    house.behind_the_engines_back(TAMPER).await;
    let (same, said) = verify(&house).await;
    assert!(!same);
    // The first has 9 pages instead of 11.5; the correction of the second has begun from 5.50.
    assert!(
        said.contains("acme: INV-000001 was issued at 205.50 EUR, the log says 204.50 EUR"),
        "{said}"
    );
    assert!(
        said.contains("  line 1, pages: 5.50 EUR issued, 4.50 EUR by the log"),
        "{said}"
    );
    let (_, again) = verify(&house).await;
    assert_eq!(again, said);
    house.settle().await;
    let march = invoice(&house, &acme, "INV-000001").await;
    assert_eq!(march["difference"]["folded"]["amount"], "204.50");
    assert_eq!(march["total"]["amount"], "205.50", "it stays as it was issued");
    let found = house.positions(&acme, 0).await.len();
    verify(&house).await;
    assert_eq!(
        house.positions(&acme, 0).await.len(),
        found,
        "the same difference is one event"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_night_by_the_houses_clock_a_difference_becomes_an_event() {
    let house = House::open_wide().await;
    let acme = acme(&house).await;
    subscribe(&house, &acme, "s1", "2025-03-12T09:00:00+01:00").await;
    pages(&house, &acme, &[("a", "2025-03-20T10:00:00Z", "11.5")]).await;
    issue(&house, &acme, "2025-03-20T00:00:00Z").await;
    house.behind_the_engines_back(TAMPER).await;
    let head = house.store.log().head().await.unwrap();

    let clock = TestClock::at("2026-03-02T12:00:00Z".parse::<Timestamp>().unwrap());
    let ambient = store::Ambient {
        clock: clock.clone(),
        ids: std::sync::Arc::new(TestIds::seeded(77)),
    };
    let store = Store::open(store::Options::new(house.url(), ambient))
        .await
        .unwrap();
    let invoicing = annals::invoices::invoicing(house.url(), &store).unwrap();
    let look = Duration::from_millis(20);
    let nightly = annals::nightly::Nightly::start_looking(store.clone(), invoicing, look);
    clock.advance(SignedDuration::from_hours(13));
    assert_eq!(
        store.log().head().await.unwrap(),
        head,
        "one o'clock is no night yet"
    );
    clock.advance(SignedDuration::from_hours(2));
    let mut follower = store.tail().follow(head, store::Filter::default());
    let event = tokio::time::timeout(Duration::from_secs(20), async {
        let mut seen = Vec::new();
        loop {
            let step = follower.next().await.unwrap();
            seen.extend(step.events.iter().map(|event| event.event_type.clone()));
            if seen.len() >= 2 {
                break seen;
            }
        }
    });
    // What differs, and a sample of what the tenant keeps.
    assert_eq!(
        event.await.unwrap(),
        ["invoice.difference_found", "usage.storage"]
    );
    nightly.stop().await;
    let log = store.log();
    let kept = log.bytes(acme.id.parse().unwrap()).await.unwrap();
    assert!(kept > 1_000, "{kept}");
    house.settle().await;
    let document = "{ meterUsage(meter: \"platform.storage\", from: \"2026-03-03\", to: \"2026-03-03\")
        { unit buckets { quantity events } } }";
    let data = house.ask(&acme.token, document, json!({})).await;
    let bucket = &data["meterUsage"]["buckets"][0];
    let gigabytes: rust_decimal::Decimal = bucket["quantity"].as_str().unwrap().parse().unwrap();
    // The sample itself is not in it.
    let kept = rust_decimal::Decimal::new(i64::try_from(kept).unwrap(), 9);
    assert!(
        gigabytes > rust_decimal::Decimal::ZERO && gigabytes < kept,
        "{gigabytes}, {kept}"
    );
}
