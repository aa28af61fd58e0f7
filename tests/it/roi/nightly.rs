//! The program freezes months by itself, in the first night of a month and its own first one, by a clock of the test's.

use std::sync::Arc;
use std::time::Duration;

use annals::nightly::Nightly;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use store::Store;
use testkit::{TestClock, TestIds};

use super::ground::{at, ended, eur, run};
use crate::gateway::house::{House, Tenant};

const SNAPSHOTS: &str =
    "{ roiSnapshots(first: 10) { nodes { localId versions { number state countedUpTo supersedes
    figures { name value { amount { amount } } }
    changes { name before { amount { amount } } after { amount { amount } }
              evidence(first: 10) { nodes { type stream { id } } } } } } } }";

/// A deal that a run helped to win in January 2026.
async fn acme(house: &House) -> Tenant {
    let acme = house.tenant("acme").await;
    let deal = json!({ "id": "d1", "title": "Deal", "stage": "first", "vertical": "sales" });
    at(house, &acme, "2026-01-05T08:00:00Z", ("openOpportunity", deal)).await;
    run(
        house,
        &acme,
        ("r1", "ann", "2026-01-06T08:00:00Z"),
        ("opportunity", "d1"),
    )
    .await;
    ended(house, &acme, ("r1", "2026-01-06T09:00:00Z"), "RESOLVED").await;
    let win = json!({ "id": "d1", "value": eur("1000.01") });
    at(house, &acme, "2026-01-10T08:00:00Z", ("winOpportunity", win)).await;
    house.settle().await;
    acme
}

/// A process of its own on the house's log, that waits for the night.
async fn process(house: &House, clock: &Arc<TestClock>, seed: u64) -> Nightly {
    let ambient = store::Ambient {
        clock: clock.clone(),
        ids: Arc::new(TestIds::seeded(seed)),
    };
    let store = Store::open(store::Options::new(house.url(), ambient))
        .await
        .unwrap();
    let invoicing = annals::invoices::invoicing(house.url(), &store).unwrap();
    Nightly::start_looking(store, invoicing, Duration::from_millis(20))
}

async fn through(processes: &mut [Nightly], night: &str) {
    let night: Date = night.parse().unwrap();
    for process in processes {
        let done = tokio::time::timeout(Duration::from_secs(60), process.seen_to(night));
        done.await
            .expect("the night's work ends")
            .expect("the task lives");
    }
}

async fn snapshots(house: &House, acme: &Tenant) -> Vec<Value> {
    house.settle().await;
    let data = house.ask(&acme.token, SNAPSHOTS, json!({})).await;
    data["roiSnapshots"]["nodes"].as_array().unwrap().clone()
}

fn gain(version: &Value) -> &Value {
    let mut figures = version["figures"].as_array().unwrap().iter();
    let figure = figures.find(|one| one["name"] == "gain.confirmed").unwrap();
    &figure["value"]["amount"]["amount"]
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_freeze_the_last_months_once_and_again_with_what_came_late() {
    let house = House::open_wide().await;
    let acme = acme(&house).await;
    let clock = TestClock::at("2026-03-02T12:00:00Z".parse::<Timestamp>().unwrap());
    let mut processes = [
        process(&house, &clock, 71).await,
        process(&house, &clock, 72).await,
    ];
    assert_eq!(snapshots(&house, &acme).await, Vec::<Value>::new(), "by day");
    clock.advance(SignedDuration::from_hours(15));
    through(&mut processes, "2026-03-03").await;
    let frozen = snapshots(&house, &acme).await;
    assert_eq!(frozen.len(), 1, "in one month of three anything happened");
    assert_eq!(frozen[0]["localId"], "2026-01-01.2026-01-31.sales.EUR");
    let versions = frozen[0]["versions"].as_array().unwrap();
    assert_eq!(versions.len(), 1, "the other process found nothing changed");
    assert_eq!(gain(&versions[0]), "1000.01");

    // What comes late does not change it, and no other night of the month does.
    let reopen = json!({ "id": "d1", "reason": "the customer withdrew" });
    at(
        &house,
        &acme,
        "2026-01-20T08:00:00Z",
        ("reopenOpportunity", reopen),
    )
    .await;
    house.settle().await;
    clock.advance(SignedDuration::from_hours(24));
    through(&mut processes, "2026-03-04").await;
    assert_eq!(snapshots(&house, &acme).await, frozen);

    // The first night of April does: January is the third month before it.
    clock.advance(SignedDuration::from_hours(28 * 24));
    through(&mut processes, "2026-04-01").await;
    let superseded = snapshots(&house, &acme).await;
    assert_eq!(superseded.len(), 1);
    let versions = superseded[0]["versions"].as_array().unwrap();
    assert_eq!(versions.len(), 2, "once, by whichever process was the first");
    assert_eq!(
        versions[0], frozen[0]["versions"][0],
        "what was frozen stays as it was"
    );
    assert_eq!(versions[1]["supersedes"], versions[0]["countedUpTo"]);
    assert_eq!(
        (gain(&versions[1]), &versions[1]["state"]),
        (&json!("0.00"), &json!("REVERSED"))
    );
    for (name, before, after) in [
        ("gain.confirmed", "1000.01", "0.00"),
        ("gain.reversed", "0.00", "1000.01"),
    ] {
        let mut changes = versions[1]["changes"].as_array().unwrap().iter();
        let change = changes.find(|one| one["name"] == name).unwrap();
        assert_eq!(change["before"]["amount"]["amount"], before, "{name}");
        assert_eq!(change["after"]["amount"]["amount"], after, "{name}");
        let late = json!([{ "type": "opportunity.reopened", "stream": { "id": "d1" } }]);
        assert_eq!(change["evidence"]["nodes"], late, "{name}");
    }

    // A process that begins later looks at the last months in its own first night, and finds them frozen.
    let mut later = [process(&house, &clock, 73).await];
    clock.advance(SignedDuration::from_hours(24));
    through(&mut later, "2026-04-02").await;
    assert_eq!(snapshots(&house, &acme).await, superseded);
    for process in processes.into_iter().chain(later) {
        process.stop().await;
    }
}
