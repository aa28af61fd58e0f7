//! Records of any JSON, read with a mapping file.

use domain::{Event, RecordedEvent};
use serde_json::Value;

use super::brokers::shared;
use super::intake::{Topic, wait_for};
use crate::program::folder;
use crate::support::{house, tenant};

const MAPPING: &str = r#"
source = "shop"

[record]
id = ["order.number"]

[[command]]
type = "lead.capture"
id = { column = "order.number", prefix = "shop-" }
occurred_at = { column = "at" }
when = { column = "kind", one_of = ["enquiry"] }

[command.fields]
source = { column = "customer.name" }
vertical = { constant = "sales" }
"#;

#[tokio::test(flavor = "multi_thread")]
async fn records_of_any_json_become_commands_by_a_mapping() {
    let Some(brokers) = shared("records_of_any_json_become_commands_by_a_mapping").await else {
        return;
    };
    let house = house().await;
    tenant(&house.store, "acme").await;
    let topic = Topic::create(&brokers).await;
    let files = folder();
    let file = files.path().join("shop.toml");
    std::fs::write(&file, MAPPING).unwrap();
    let mapping = format!("{}={}", topic.name, file.display());

    let order = |number: u32, kind: &str| {
        format!(
            r#"{{"kind": "{kind}", "order": {{"number": {number}}}, "at": "2026-03-01T10:00:00Z",
                "customer": {{"name": "Ada {number}"}}}}"#
        )
    };
    for number in 1..=3 {
        topic.send(&number.to_string(), None, &order(number, "enquiry"));
    }
    topic.send("again", None, &order(2, "enquiry"));
    topic.send("other", None, &order(9, "return"));
    topic.send("nameless", None, r#"{"kind": "enquiry", "order": {"number": 4}}"#);
    topic.send(
        "deep",
        None,
        r#"{"kind": "enquiry", "order": {"number": {"a": 1}}}"#,
    );
    topic.send("garbage", None, "\u{0}");
    topic.sent();

    let program = topic
        .serve_with(&house, &["--kafka-ingest-mapping", &mapping])
        .await;
    program
        .measures("annals_ingest_kafka_records_total", |records| records >= 8.0)
        .await;
    let is_lead = |event: &RecordedEvent| matches!(event.event, Event::Lead(_));
    let leads = wait_for(&house, 3, is_lead).await;
    let mut ids: Vec<&str> = leads.iter().map(|event| event.stream.id.as_str()).collect();
    ids.sort_unstable();
    assert_eq!(ids, ["shop-1", "shop-2", "shop-3"]);
    assert_eq!(leads[0].occurred_at.to_string(), "2026-03-01T10:00:00Z");

    let letters = topic.dead_letters(&["list", &topic.name, "--json"]);
    let mut told: Vec<(String, String)> = letters
        .iter()
        .map(|letter| {
            let letter: Value = serde_json::from_str(letter).unwrap();
            let text = |name: &str| letter[name].as_str().unwrap().to_owned();
            (text("key"), text("reason"))
        })
        .collect();
    told.sort();
    let wanted = [
        ("deep", "order.number: is an object"),
        ("garbage", "the record is not JSON"),
        ("nameless", "customer.name: is empty"),
    ];
    assert_eq!(told.len(), wanted.len(), "{told:?}");
    for ((key, reason), (wanted_key, begin)) in told.iter().zip(wanted) {
        assert!(key == wanted_key && reason.starts_with(begin), "{key}: {reason}");
    }
}
