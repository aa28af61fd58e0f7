//! Alerts: what is watched is told within two seconds, once, by however many processes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use api::watching::Watching;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use store::Store;
use testkit::{TestClock, TestIds};

use super::ground::{acme, pages, subscribe};
use crate::gateway::house::{House, Tenant};
use crate::gateway::socket::Socket;

const SOON: Duration = Duration::from_secs(2);

pub(super) const RAISED: &str =
    "subscription { events(filter: { types: [\"alert.threshold_reached\", \"alert.anomaly_seen\"] }) {
    __typename ... on Event { type payload } } }";

/// Two processes that watch, with a clock of their own.
pub(super) async fn watching(house: &House) -> (Arc<TestClock>, Vec<Watching>) {
    let clock = TestClock::at("2026-03-02T12:00:00Z".parse::<Timestamp>().unwrap());
    let mut watchers = Vec::new();
    for seed in [81, 82] {
        let ambient = store::Ambient {
            clock: clock.clone(),
            ids: Arc::new(TestIds::seeded(seed)),
        };
        let store = Store::open(store::Options::new(house.url(), ambient))
            .await
            .unwrap();
        let options = &house.options;
        watchers.push(Watching::start(
            store,
            options.reader.clone(),
            options.past.clone(),
        ));
    }
    (clock, watchers)
}

async fn alerts(house: &House, acme: &Tenant) -> Vec<Value> {
    house.settle().await;
    let document =
        "{ alerts(first: 10) { nodes { localId raised last { threshold figure unit firstDay lastDay
        expectedLeast expectedMost } } } }";
    let data = house.ask(&acme.token, document, json!({})).await;
    data["alerts"]["nodes"].as_array().unwrap().clone()
}

/// What is raised next: the payload as text.
pub(super) async fn raised(socket: &mut Socket) -> String {
    socket.item("events").await["payload"]
        .to_string()
        .replace('\\', "")
}

#[tokio::test(flavor = "multi_thread")]
async fn thresholds_of_use_spend_and_commitment_are_told_within_two_seconds_and_once() {
    let house = House::open_wide().await;
    let acme = acme(&house).await;
    let mut committed = super::ground::plan();
    committed["id"] = json!("committed");
    committed["version"]["commitment"] = json!({ "amount": { "EUR": "10" } });
    house.done(&acme.token, "definePlan", committed).await;
    let subscription = json!({
        "id": "s1", "plan": "committed", "price": { "amount": "310", "currency": "EUR" },
        "occurredAt": "2026-03-01T00:00:00+01:00",
    });
    house.done(&acme.token, "startSubscription", subscription).await;
    let (_clock, watchers) = watching(&house).await;
    let usage = json!({ "id": "use", "name": "Pages", "kind": "USAGE", "meter": "pages", "thresholds": ["100", "8"] });
    house.done(&acme.token, "defineAlert", usage).await;
    let spend = json!({ "id": "spend", "name": "Spend", "kind": "SPEND", "subscription": "s1", "thresholds": ["321"] });
    house.done(&acme.token, "defineAlert", spend).await;
    let share = json!({ "id": "of", "name": "Of it", "kind": "COMMITMENT", "subscription": "s1", "thresholds": ["50", "100"] });
    house.done(&acme.token, "defineAlert", share).await;
    let mut socket = Socket::open(house.router.clone(), &acme.token).await;
    socket.subscribe(RAISED, json!({})).await;
    let begun = Instant::now();
    // 5 euros: half of the commitment. The month comes to the 310 and the commitment of 10.
    pages(&house, &acme, &[("a", "2026-03-02T10:00:00Z", "10")]).await;
    let mut told = [raised(&mut socket).await, raised(&mut socket).await];
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    told.sort();
    assert!(told.iter().any(|one| one.contains("commitment")), "{told:?}");
    assert!(told.iter().any(|one| one.contains("usage")), "{told:?}");
    let begun = Instant::now();
    // 5 + 20 x 0.333 = 11.66.
    pages(&house, &acme, &[("b", "2026-03-02T11:00:00Z", "20")]).await;
    raised(&mut socket).await;
    raised(&mut socket).await;
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    pages(&house, &acme, &[("c", "2026-03-02T11:30:00Z", "1")]).await;
    house.settle().await;
    for watcher in watchers {
        watcher.stop().await;
    }
    let alerts = alerts(&house, &acme).await;
    let of = |id: &str| {
        alerts
            .iter()
            .find(|alert| alert["localId"] == id)
            .unwrap()
            .clone()
    };
    let counts = [&of("use")["raised"], &of("spend")["raised"], &of("of")["raised"]].map(Value::as_i64);
    assert_eq!(counts, [Some(1), Some(1), Some(2)]);
    let seen = &of("use")["last"][0];
    assert_eq!(
        (&seen["threshold"], &seen["figure"], &seen["unit"]),
        (&json!("8"), &json!("10"), &json!("page"))
    );
    assert_eq!(
        (&seen["firstDay"], &seen["lastDay"]),
        (&json!("2026-03-01"), &json!("2026-03-31"))
    );
    assert_eq!(of("of")["last"][0]["figure"], "116.60");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_that_is_not_as_its_weekday_usually_is_is_told_with_what_was_expected() {
    let house = House::open_wide().await;
    let acme = acme(&house).await;
    subscribe(&house, &acme, "s1", "2026-01-01T00:00:00+01:00").await;
    // Mondays of eight weeks: about ten pages. The 2nd of March is a Monday.
    let days = [
        "01-05", "01-12", "01-19", "01-26", "02-02", "02-09", "02-16", "02-23",
    ];
    for (index, day) in days.iter().enumerate() {
        let quantity = if index % 2 == 0 { "9" } else { "11" };
        pages(
            &house,
            &acme,
            &[(&format!("w{index}"), &format!("2026-{day}T10:00:00Z"), quantity)],
        )
        .await;
    }
    let (clock, watchers) = watching(&house).await;
    let strange = json!({ "id": "strange", "name": "Strange", "kind": "ANOMALY", "meter": "pages" });
    house.done(&acme.token, "defineAlert", strange).await;
    let mut socket = Socket::open(house.router.clone(), &acme.token).await;
    socket.subscribe(RAISED, json!({})).await;
    pages(&house, &acme, &[("m1", "2026-03-02T10:00:00Z", "14")]).await;
    let begun = Instant::now();
    // The median is 10, the deviations are 1: 10 +- 4.4478.
    pages(&house, &acme, &[("m2", "2026-03-02T11:00:00Z", "1")]).await;
    let told = raised(&mut socket).await;
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    assert!(told.contains("14.4478") && told.contains("5.5522"), "{told}");
    // A Monday that is over with too little is told, too: a week later, on Tuesday.
    clock.advance(SignedDuration::from_hours(24 * 8));
    pages(&house, &acme, &[("m3", "2026-03-02T11:40:00Z", "1")]).await;
    let told = raised(&mut socket).await;
    assert!(told.contains("\"first_day\":\"2026-03-09\""), "{told}");
    assert!(told.contains("\"figure\":\"0\""), "{told}");
    for watcher in watchers {
        watcher.stop().await;
    }
    let alerts = alerts(&house, &acme).await;
    assert_eq!(alerts[0]["raised"], 2, "{alerts:?}");
    assert_eq!(alerts[0]["last"][1]["expectedMost"], "14.4478");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_alert_is_refused() {
    let house = House::open_wide().await;
    let acme = acme(&house).await;
    let wrong = [
        json!({ "name": "x", "kind": "USAGE", "thresholds": ["1"] }),
        json!({ "name": "x", "kind": "USAGE", "meter": "pages" }),
        json!({ "name": "x", "kind": "USAGE", "meter": "pages", "thresholds": ["-1"] }),
        json!({ "name": "x", "kind": "ANOMALY", "meter": "pages", "thresholds": ["1"] }),
        json!({ "name": " ", "kind": "ANOMALY", "meter": "pages" }),
    ];
    let mut codes = Vec::new();
    for input in wrong {
        let payload = house.mutate(&acme.token, "defineAlert", input).await;
        codes.push(payload["userErrors"][0]["code"].as_str().unwrap().to_owned());
    }
    assert_eq!(
        codes,
        [
            "INVALID_VALUE",
            "THRESHOLDS",
            "THRESHOLDS",
            "NO_THRESHOLDS",
            "BLANK"
        ]
    );
}
