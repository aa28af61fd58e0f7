//! What the relay writes: public events, each once, without what may not leave.

use domain::lead::{self, Lead};
use domain::{Email, Personal};
use serde_json::json;
use store::Orders;

use super::brokers::shared;
use super::killed::all;
use super::program::Program;
use super::topics::{Topics, compare};
use crate::gateway::house::House;
use crate::program::{Up, folder};
use crate::support::{house, lead_id, open, tenant};

/// A prefix that nobody had before, also on brokers that outlive this process.
pub(crate) fn prefix(name: &str) -> String {
    format!("{name}-{:08x}.", rand::random::<u32>())
}

fn capture_ada() -> lead::Command {
    lead::Command::Capture {
        vertical: "sales".parse().unwrap(),
        source: "test".to_owned(),
        name: Some(Personal::new("Ada Lovelace".to_owned())),
        email: Some(Personal::new(Email::parse("ada@example.org").unwrap())),
        phone: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_of_the_log_is_a_cloud_event_in_its_slices_topic() {
    let Some(brokers) = shared("an_event_of_the_log_is_a_cloud_event_in_its_slices_topic").await else {
        return;
    };
    let house = house().await;
    let caller = tenant(&house.store, "acme").await.correlated("import-7");
    let committed = house
        .store
        .execute::<Lead>(&caller, &lead_id("ada"), Orders::one(capture_ada()))
        .await
        .unwrap();
    let prefix = prefix("one");
    let mut program = Program::start(house.database.url(), &brokers, &prefix, &[]).await;
    let log = all(&house.store).await;
    let seen = Topics::new(&brokers, &prefix).until(log.len()).await;
    compare(&seen, &log);

    let record = seen
        .iter()
        .find(|record| record.position() == committed.position)
        .unwrap();
    let event = log.last().unwrap();
    assert_eq!(record.topic, format!("{prefix}lead"));
    assert_eq!(record.key, format!("{}/lead/ada", caller.tenant));
    let wanted = [
        ("ce_specversion", "1.0".to_owned()),
        ("ce_id", event.event_id.to_string()),
        ("ce_source", format!("/tenants/{}", caller.tenant)),
        ("ce_type", "annals.lead.captured".to_owned()),
        ("ce_subject", "lead/ada".to_owned()),
        ("ce_time", event.occurred_at.to_string()),
        ("ce_dataschema", "urn:annals:event:lead.captured:1".to_owned()),
        ("ce_tenant", caller.tenant.to_string()),
        ("ce_streamsequence", "1".to_owned()),
        ("ce_correlationid", "import-7".to_owned()),
        ("content-type", "application/json".to_owned()),
    ];
    for (name, value) in wanted {
        assert_eq!(record.headers.get(name), Some(&value), "{name}");
    }
    assert!(!record.headers.contains_key("ce_causationid"));
    // The variant's name is the log's own, and the person's data may not leave.
    assert_eq!(
        record.value,
        json!({ "vertical": "sales", "source": "test", "captured_at": event.occurred_at.to_string() })
    );
    program
        .measures("annals_relay_lag_events", |lag| lag == 0.0)
        .await;
    program.signal("-TERM");
    assert!(program.wait(), "it ends well");
}

#[tokio::test(flavor = "multi_thread")]
async fn personal_data_leaves_where_the_topics_setting_says_so() {
    let Some(brokers) = shared("personal_data_leaves_where_the_topics_setting_says_so").await else {
        return;
    };
    let house = house().await;
    let caller = tenant(&house.store, "acme").await;
    let ada = Orders::one(capture_ada());
    house
        .store
        .execute::<Lead>(&caller, &lead_id("ada"), ada)
        .await
        .unwrap();
    let prefix = prefix("personal");
    let settings = ["--kafka-personal-data", "claim,lead"];
    let _program = Program::start(house.database.url(), &brokers, &prefix, &settings).await;
    let seen = Topics::new(&brokers, &prefix)
        .until(all(&house.store).await.len())
        .await;
    let record = seen.iter().find(|record| record.topic.ends_with("lead")).unwrap();
    assert_eq!(record.value["name"], "Ada Lovelace");
    assert_eq!(record.value["email"]["canonical"], "ada@example.org");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cursor_of_a_record_is_the_gateways() {
    let Some(brokers) = shared("the_cursor_of_a_record_is_the_gateways").await else {
        return;
    };
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    house.capture(&acme, ["ada".to_owned()].into_iter()).await;
    house.settle().await;
    let count = all(&house.store).await.len();
    let prefix = prefix("cursor");
    let _program = Program::start(house.url(), &brokers, &prefix, &[]).await;
    let seen = Topics::new(&brokers, &prefix).until(count).await;
    let record = seen.iter().find(|record| record.topic.ends_with("lead")).unwrap();
    let document = "{ lead(id: \"ada\") { evidence(first: 1) { nodes { cursor } } } }";
    let data = house.ask(&acme.token, document, json!({})).await;
    let cursor = &data["lead"]["evidence"]["nodes"][0]["cursor"];
    assert_eq!(cursor.as_str(), Some(record.headers["ce_cursor"].as_str()));
    // A key's hash is nobody's business.
    let issued = seen
        .iter()
        .find(|record| record.topic.ends_with("api_key"))
        .unwrap();
    assert!(issued.value.get("hash").is_none() && issued.value.get("prefix").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_refuses_the_place_of_another_log() {
    let Some(brokers) = shared("a_relay_refuses_the_place_of_another_log").await else {
        return;
    };
    let (one, other) = (house().await, house().await);
    let caller = tenant(&one.store, "acme").await;
    let orders = Orders::one(capture_ada());
    one.store
        .execute::<Lead>(&caller, &lead_id("ada"), orders)
        .await
        .unwrap();
    let count = all(&one.store).await.len();
    // The same ids would be the same log's.
    let stranger = open(&other.database, 2).await;
    tenant(&stranger, "acme").await;
    tenant(&stranger, "umbrella").await;
    let prefix = prefix("stranger");
    let mut program = Program::start(one.database.url(), &brokers, &prefix, &[]).await;
    let topics = Topics::new(&brokers, &prefix);
    let seen = topics.until(count).await.len();
    program.kill();
    let mut program = Program::start(other.database.url(), &brokers, &prefix, &[]).await;
    let line = program.says("another log's").await;
    assert!(line.contains("--relay-name"), "{line}");
    program.kill();
    assert_eq!(topics.until(count).await.len(), seen, "it wrote nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_may_not_create_topics_names_those_that_are_missing() {
    let Some(brokers) = shared("a_relay_that_may_not_create_topics_names_those_that_are_missing").await
    else {
        return;
    };
    let house = house().await;
    let prefix = prefix("missing");
    let settings = ["--kafka-create-topics=false"];
    let mut program = Program::start(house.database.url(), &brokers, &prefix, &settings).await;
    let line = program.says("are missing").await;
    for wanted in ["lead", "relay.positions", "--kafka-create-topics"] {
        assert!(line.contains(wanted), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn annals_up_relays_when_it_is_given_brokers() {
    let Some(brokers) = shared("annals_up_relays_when_it_is_given_brokers").await else {
        return;
    };
    let (data, prefix) = (folder(), prefix("up"));
    let (name, topics) = (format!("{prefix}relay"), format!("{prefix}{{slice}}"));
    let settings = [
        "--kafka-brokers",
        &brokers,
        "--relay-name",
        &name,
        "--kafka-topics",
        &topics,
    ];
    let up = Up::start_with(data.path(), &settings);
    up.provision("shop");
    let seen = Topics::new(&brokers, &prefix).until(1).await;
    let tenant = seen
        .iter()
        .find(|record| record.topic == format!("{prefix}tenant"))
        .unwrap();
    assert_eq!(tenant.value["slug"], "shop");
}
