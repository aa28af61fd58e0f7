//! The way in: events from a topic count once whatever is killed, and what can't be taken is put aside and back.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use broker::Jars;
use domain::lead::{self, Lead};
use domain::{Event, RecordedEvent, access};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};
use serde_json::Value;
use store::{LocalKeys, Options, Orders, Store};

use super::brokers::{session_ms, shared};
use super::killed::all;
use super::program::{PROGRAM, Program};
use super::relayed::prefix;
use crate::chaos::setting;
use crate::support::{House, capture, house, lead_id, tenant};

/// A topic of its own, and who sends to it.
pub(super) struct Topic {
    brokers: String,
    pub(super) name: String,
    post: ThreadedProducer<DefaultProducerContext>,
}

impl Topic {
    pub(super) async fn create(brokers: &str) -> Self {
        let name = format!("{}orders", prefix("in"));
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", brokers);
        let admin: AdminClient<DefaultClientContext> = config.create().unwrap();
        let topic = NewTopic::new(&name, 3, TopicReplication::Fixed(-1));
        let made = admin.create_topics([&topic], &AdminOptions::new()).await.unwrap();
        assert!(made.iter().all(Result::is_ok), "{made:?}");
        Self {
            brokers: brokers.to_owned(),
            post: config.create().unwrap(),
            name,
        }
    }

    /// Sends a record under a key, in binary mode when it has a type.
    pub(super) fn send(&self, key: &str, event: Option<(&str, &str)>, value: &str) {
        let mut headers = OwnedHeaders::new();
        if let Some((kind, subject)) = event {
            let attributes = [
                ("ce_specversion", "1.0"),
                ("ce_id", key),
                ("ce_source", "/orders"),
                ("ce_type", kind),
                ("ce_subject", subject),
                ("content-type", "application/json"),
            ];
            for (key, value) in attributes {
                headers = headers.insert(Header {
                    key,
                    value: Some(value),
                });
            }
        }
        let mut record = BaseRecord::to(&self.name)
            .key(key)
            .payload(value)
            .headers(headers);
        while let Err((error, back)) = self.post.send(record) {
            assert_eq!(
                error.rdkafka_error_code(),
                Some(rdkafka::error::RDKafkaErrorCode::QueueFull)
            );
            record = back;
            self.post.poll(Duration::from_millis(10));
        }
    }

    pub(super) fn sent(&self) {
        self.post.flush(Duration::from_secs(30)).unwrap();
    }

    async fn serve(&self, house: &House) -> Program {
        self.serve_with(house, &[]).await
    }

    pub(super) async fn serve_with(&self, house: &House, more: &[&str]) -> Program {
        let (source, group) = (format!("{}=acme", self.name), format!("{}-group", self.name));
        let settings = [
            "--kafka-ingest",
            &source,
            "--kafka-ingest-group",
            &group,
            "--kafka-property",
            session_ms(),
            "--kafka-property",
            "heartbeat.interval.ms=300",
        ];
        Program::serve(
            "ingest",
            house.database.url(),
            &self.brokers,
            &[&settings, more].concat(),
        )
        .await
    }

    /// Runs `annals ingest dead-letters`; gives what it printed, a line each.
    pub(super) fn dead_letters(&self, arguments: &[&str]) -> Vec<String> {
        let output = Command::new(PROGRAM)
            .args(["ingest", "dead-letters"])
            .args(arguments)
            .args(["--kafka-brokers", &self.brokers])
            .args(["--kafka-ingest-group", &format!("{}-group", self.name)])
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(str::to_owned).collect()
    }
}

/// Opens a log on a fresh database, with the master key that programs of this data folder have.
async fn house_with_keys(data: &Path) -> House {
    let file = data.join("master.key");
    LocalKeys::make_file(&file).unwrap();
    let database = testkit::database().await;
    let options = Options::new(database.url(), testkit::ambient(1));
    let keys = LocalKeys::of_file(&file).unwrap();
    let store = Store::open(options.sealing(Arc::new(keys))).await.unwrap();
    House { database, store }
}

/// Waits until the log holds as many events as wanted of a kind.
pub(super) async fn wait_for(
    house: &House,
    wanted: usize,
    counts: impl Fn(&RecordedEvent) -> bool,
) -> Vec<RecordedEvent> {
    let mut beat = tokio::time::interval(Duration::from_millis(100));
    let mut found = Vec::new();
    for _ in 0..900 {
        beat.tick().await;
        found = all(&house.store).await.into_iter().filter(&counts).collect();
        if found.len() >= wanted {
            return found;
        }
    }
    panic!("{} of {wanted} events came", found.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn records_that_cannot_be_taken_are_put_aside_with_the_reason_and_put_back() {
    let name = "records_that_cannot_be_taken_are_put_aside_with_the_reason_and_put_back";
    let Some(brokers) = shared(name).await else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().to_str().unwrap();
    let house = house_with_keys(folder.path()).await;
    let caller = tenant(&house.store, "acme").await;
    let topic = Topic::create(&brokers).await;
    let contact = "{\"channel\":\"phone\"}";
    topic.send("fact", Some(("usage.pages", "site")), "{\"quantity\":\"3\"}");
    topic.send("poison", Some(("usage.pages", "site")), "{\"quantity\":");
    topic.send("early", Some(("lead.contact", "late-lead")), contact);
    topic.send("bare", None, "\u{0}\u{1} no event");
    let structured = "{\"specversion\":\"1.0\",\"id\":\"s\",\"source\":\"/orders\",\"type\":\"nonsense\"}";
    topic.send("unknown", None, structured);
    // The same source and id again: known, and with other content: a conflict.
    topic.send("fact", Some(("usage.pages", "site")), "{\"quantity\":\"3\"}");
    topic.send("fact", Some(("usage.pages", "site")), "{\"quantity\":\"4\"}");
    topic.sent();

    let program = topic.serve_with(&house, &["--data-dir", keys]).await;
    program
        .measures("annals_ingest_kafka_records_total", |records| records >= 7.0)
        .await;
    let is_fact = |event: &RecordedEvent| event.event_type == "usage.pages";
    assert_eq!(wait_for(&house, 1, is_fact).await.len(), 1);

    let mut letters: Vec<Value> = topic
        .dead_letters(&["list", &topic.name, "--json"])
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    letters.sort_by_key(|letter| letter["key"].to_string());
    let told: Vec<(&str, &str)> = letters
        .iter()
        .map(|letter| (letter["key"].as_str().unwrap(), letter["value"].as_str().unwrap()))
        .collect();
    assert_eq!(
        told,
        [
            ("bare", "\u{0}\u{1} no event"),
            ("early", contact),
            ("fact", "{\"quantity\":\"4\"}"),
            ("poison", "{\"quantity\":"),
            ("unknown", structured),
        ]
    );
    for (letter, reason) in letters
        .iter()
        .zip(["ce_", "lead", "source and id", "data: is not JSON", "type"])
    {
        let told = letter["reason"].as_str().unwrap();
        assert!(told.contains(reason), "{told}");
        assert_eq!(letter["topic"], topic.name.as_str());
        assert!(letter["offset"].as_i64() >= Some(0), "{letter}");
    }

    // Once there is such a lead, the command is good.
    house
        .store
        .execute::<Lead>(&caller, &lead_id("late-lead"), Orders::one(capture()))
        .await
        .unwrap();
    let put_back = [
        "retry",
        &topic.name,
        "--database-url",
        house.database.url(),
        "--data-dir",
        keys,
    ];
    assert_eq!(topic.dead_letters(&put_back), ["5 records put back"]);
    let is_told = |event: &RecordedEvent| match &event.event {
        Event::Access(access::Event::Operated { command, targets, .. }) => {
            command == "ingest dead-letters retry" && *targets == [topic.name.clone()]
        }
        _ => false,
    };
    assert_eq!(wait_for(&house, 1, is_told).await.len(), 1);
    let is_contact =
        |event: &RecordedEvent| matches!(&event.event, Event::Lead(lead::Event::Contacted { .. }));
    assert_eq!(wait_for(&house, 1, is_contact).await.len(), 1);
    program
        .measures("annals_ingest_kafka_records_total", |records| records >= 12.0)
        .await;
    // The other four are where they were, and the one that was taken is gone.
    assert_eq!(topic.dead_letters(&["list", &topic.name, "--json"]).len(), 4);
    assert_eq!(
        all(&house.store)
            .await
            .iter()
            .filter(|event| is_fact(event))
            .count(),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn each_record_counts_once_whenever_the_intake_is_killed() {
    let Some(brokers) = shared("each_record_counts_once_whenever_the_intake_is_killed").await else {
        return;
    };
    let kills = setting("ANNALS_RELAY_KILLS", 12);
    let seed = setting("ANNALS_CHAOS_SEED", 20_260_301);
    println!("{kills} intakes killed with ANNALS_CHAOS_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let house = house().await;
    tenant(&house.store, "acme").await;
    let topic = Topic::create(&brokers).await;
    let topic = Arc::new(topic);
    let is_over = Arc::new(AtomicBool::new(false));
    let sender = tokio::spawn(send_on(Arc::clone(&topic), Arc::clone(&is_over)));
    for _ in 0..kills {
        let mut program = topic.serve(&house).await;
        // It is killed at work, somewhere between reading, appending and committing.
        program
            .measures("annals_ingest_kafka_records_total", |records| records >= 1.0)
            .await;
        let life = Duration::from_micros(random.random_range(0..400_000));
        drop(tokio::time::timeout(life, std::future::pending::<()>()).await);
        program.kill();
    }
    is_over.store(true, Ordering::SeqCst);
    let sent = sender.await.unwrap();
    let _program = topic.serve(&house).await;
    let is_fact = |event: &RecordedEvent| event.event_type == "usage.pages";
    assert_eq!(wait_for(&house, sent, is_fact).await.len(), sent);
    println!("{sent} records counted once");
    assert!(topic.dead_letters(&["list", &topic.name]).is_empty());
}

/// Sends records until it is over; returns how many.
async fn send_on(topic: Arc<Topic>, is_over: Arc<AtomicBool>) -> usize {
    let mut beat = tokio::time::interval(Duration::from_millis(20));
    let mut sent = 0;
    while !is_over.load(Ordering::SeqCst) {
        beat.tick().await;
        for _ in 0..10 {
            topic.send(
                &sent.to_string(),
                Some(("usage.pages", "site")),
                "{\"quantity\":\"1\"}",
            );
            sent += 1;
        }
    }
    topic.sent();
    sent
}

#[test]
fn the_harness_says_how_to_get_a_broker() {
    let error = Jars::find(None).unwrap_err().to_string();
    assert!(
        error.contains("scripts/kafka") && error.contains("KAFKA_BROKERS"),
        "{error}"
    );
}
