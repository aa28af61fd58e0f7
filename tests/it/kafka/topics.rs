//! What a `read_committed` consumer sees in the relay's topics.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use domain::RecordedEvent;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{Headers, Message};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use serde_json::Value;

/// How long the brokers and the relay may take.
const PATIENCE: Duration = Duration::from_secs(90);

/// A record.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) topic: String,
    pub(crate) key: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) value: Value,
}

impl Seen {
    pub(crate) fn position(&self) -> u64 {
        self.headers["ce_sequence"].parse().unwrap()
    }
}

/// A consumer of all topics whose names begin with a prefix.
pub(crate) struct Topics {
    brokers: String,
    prefix: String,
}

impl Topics {
    pub(crate) fn new(brokers: &str, prefix: &str) -> Self {
        Self {
            brokers: brokers.to_owned(),
            prefix: prefix.to_owned(),
        }
    }

    /// Reads all partitions to their ends, until there are as many records as wanted, and once more to see that there
    /// are no others.
    pub(crate) async fn until(&self, records: usize) -> Vec<Seen> {
        let (brokers, prefix) = (self.brokers.clone(), self.prefix.clone());
        tokio::task::spawn_blocking(move || read(&brokers, &prefix, records))
            .await
            .unwrap()
    }

    /// Waits until every partition has so many copies in step.
    pub(crate) async fn have_copies(&self, copies: usize) {
        let (brokers, prefix) = (self.brokers.clone(), self.prefix.clone());
        tokio::task::spawn_blocking(move || wait_for_copies(&brokers, &prefix, copies))
            .await
            .unwrap();
    }
}

fn wait_for_copies(brokers: &str, prefix: &str, copies: usize) {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .create()
        .unwrap();
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if let Ok(metadata) = consumer.fetch_metadata(None, Duration::from_secs(10)) {
            let topics = metadata
                .topics()
                .iter()
                .filter(|topic| topic.name().starts_with(prefix));
            let mut partitions = topics.flat_map(|topic| topic.partitions());
            if partitions.all(|partition| partition.isr().len() == copies) {
                return;
            }
        }
        drop(consumer.poll(Duration::from_millis(200)));
    }
    panic!("not every partition has {copies} copies in step");
}

fn read(brokers: &str, prefix: &str, records: usize) -> Vec<Seen> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("group.id", format!("{prefix}test"))
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true")
        .set("isolation.level", "read_committed")
        // The end of a partition is told without waiting for more.
        .set("fetch.wait.max.ms", "10")
        .create()
        .unwrap();
    let deadline = Instant::now() + PATIENCE;
    let partitions = partitions(&consumer, prefix, deadline);
    let mut seen = Vec::new();
    let mut enough = false;
    loop {
        let was_enough = enough;
        seen.clear();
        for (topic, partition) in &partitions {
            read_partition(&consumer, topic, *partition, &mut seen);
        }
        enough = seen.len() >= records;
        if was_enough {
            return seen;
        }
        assert!(
            Instant::now() < deadline,
            "{} of {records} records have come",
            seen.len()
        );
    }
}

/// Reads one partition from its first record to its last committed one.
fn read_partition(consumer: &BaseConsumer, topic: &str, partition: i32, seen: &mut Vec<Seen>) {
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, partition, Offset::Beginning)
        .unwrap();
    consumer.assign(&list).unwrap();
    let before = seen.len();
    for _ in 0..100_000 {
        match consumer.poll(Duration::from_secs(1)) {
            None => {}
            Some(Ok(message)) => seen.push(record(&message)),
            Some(Err(KafkaError::PartitionEOF(_))) => return,
            Some(Err(error)) => {
                // A broker that went: what was read of it is read again.
                println!("the consumer: {error}");
                seen.truncate(before);
                consumer.assign(&list).unwrap();
            }
        }
    }
    panic!("{topic}/{partition} has no end");
}

fn record(message: &impl Message) -> Seen {
    let text = |bytes: Option<&[u8]>| String::from_utf8(bytes.unwrap_or_default().to_vec()).unwrap();
    let headers = message.headers().into_iter().flat_map(Headers::iter);
    Seen {
        topic: message.topic().to_owned(),
        key: text(message.key()),
        headers: headers
            .map(|header| (header.key.to_owned(), text(header.value)))
            .collect(),
        value: serde_json::from_slice(message.payload().unwrap()).unwrap(),
    }
}

/// All partitions of the topics, once there are some.
fn partitions(consumer: &BaseConsumer, prefix: &str, deadline: Instant) -> Vec<(String, i32)> {
    loop {
        assert!(Instant::now() < deadline, "there are no topics {prefix}...");
        let mut found = Vec::new();
        if let Ok(metadata) = consumer.fetch_metadata(None, Duration::from_secs(10)) {
            let topics = metadata.topics().iter();
            for topic in topics
                .filter(|topic| topic.name().starts_with(prefix) && !topic.name().ends_with(".positions"))
            {
                let partitions = topic.partitions().iter();
                found.extend(partitions.map(|partition| (topic.name().to_owned(), partition.id())));
            }
        }
        if !found.is_empty() {
            return found;
        }
        // Asks again when the brokers have had a moment.
        drop(consumer.poll(Duration::from_millis(100)));
    }
}

/// Holds what was seen against the log: each event once, and each stream in order.
pub(crate) fn compare(seen: &[Seen], log: &[RecordedEvent]) {
    let mut positions: Vec<u64> = seen.iter().map(Seen::position).collect();
    positions.sort_unstable();
    let wanted: Vec<u64> = log.iter().map(|event| event.position).collect();
    let wrong = positions
        .iter()
        .zip(&wanted)
        .find(|(seen, wanted)| seen != wanted);
    assert!(
        positions == wanted,
        "{} seen, {} wanted; first wrong (seen, wanted): {wrong:?}",
        positions.len(),
        wanted.len()
    );
    let mut streams: BTreeMap<&str, u64> = BTreeMap::new();
    for record in seen {
        let last = streams.entry(&record.key).or_default();
        let next = record.headers["ce_streamsequence"].parse().unwrap();
        assert!(*last < next, "{}: {next} after {last}", record.key);
        *last = next;
    }
}
