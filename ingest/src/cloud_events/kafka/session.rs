//! One try: reads records, appends them, puts what can't be taken aside, and only then commits the offsets.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use domain::access::NotTaken;
use domain::{Actor, ActorKind, Caller};
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::message::{Message, OwnedMessage};
use rdkafka::{Offset, TopicPartitionList};
use store::Store;
use tokio::runtime::Handle;

use super::super::problem::Problem;
use super::super::taking::{Asked, Orders, Taken, append, asked_by};
use super::dead_letters::{Post, bury, delivered};
use super::error::IntakeError;
use super::message;
use super::settings::{Settings, Source};
use super::topics;
use crate::Hearer;
use crate::csv_file::{FactDraft, JsonRecords, Outputs};

/// What this door is called where it is written down what was not taken.
const DOOR: &str = "kafka";

/// How many records are appended at once.
const RECORDS: usize = 500;
const POLL: Duration = Duration::from_millis(200);
/// How long it waits for a log that can't take anything now.
const AGAIN: Duration = Duration::from_millis(500);

/// What one try works with.
pub(super) struct Session<'a> {
    pub(super) store: &'a Store,
    pub(super) settings: &'a Settings,
    /// Who writes down what can't be taken.
    pub(super) hearer: &'a Hearer,
    pub(super) runtime: &'a Handle,
    /// Disconnected when it is to end.
    pub(super) stop: &'a Receiver<()>,
}

impl Session<'_> {
    /// Goes on until it is to end.
    pub(super) fn run(&self) -> Result<(), IntakeError> {
        topics::ensure(self.settings, self.runtime)?;
        let mut config = self.settings.client();
        // A process that was killed is given up soon, and the others take over.
        if config.get("session.timeout.ms").is_none() {
            config.set("session.timeout.ms", "10000");
        }
        let consumer: BaseConsumer = config
            .set("group.id", &self.settings.group)
            .set("partition.assignment.strategy", "cooperative-sticky")
            .create()?;
        let topics: Vec<&str> = self
            .settings
            .sources
            .iter()
            .map(|source| source.topic.as_str())
            .collect();
        consumer.subscribe(&topics)?;
        let post: Post = self.settings.producer().create()?;
        tracing::info!(topics = topics.join(", "), "ingest.kafka reads topics");
        while !self.is_over(Duration::ZERO) {
            let records = gather(&consumer)?;
            if records.is_empty() {
                continue;
            }
            for source in &self.settings.sources {
                let of_source: Vec<&OwnedMessage> = records
                    .iter()
                    .filter(|record| record.topic() == source.topic)
                    .collect();
                if !self.append(source, &of_source, &post)? {
                    return Ok(());
                }
            }
            delivered(&post)?;
            consumer.commit(&behind(&records)?, CommitMode::Sync)?;
            metrics::counter!("annals_ingest_kafka_records_total").increment(records.len() as u64);
        }
        Ok(())
    }

    /// Appends records in order; `false` when it is to end before the log has answered.
    fn append(&self, source: &Source, records: &[&OwnedMessage], post: &Post) -> Result<bool, IntakeError> {
        let connector = format!("kafka:{}", source.topic);
        let caller = Caller::new(source.tenant, Actor::new(ActorKind::Connector, &connector));
        let mut not_taken = NotTaken::new();
        let (mut readable, mut orders) = (Vec::new(), Vec::new());
        for record in records {
            match read(record, source.records.as_ref()) {
                Ok(Some(order)) => {
                    readable.push(*record);
                    orders.push(order);
                }
                Ok(None) => {}
                Err(reason) => {
                    not_taken.add(DOOR, "INVALID", &reason, 1);
                    put_aside(post, record, &reason)?;
                }
            }
        }
        loop {
            let asked = orders.iter().cloned().map(Ok).collect();
            let taken = self.runtime.block_on(append(self.store, &caller, asked));
            let waits = taken.iter().any(|taken| match taken {
                Taken::Failed(error) => error.is_passing(),
                _ => false,
            });
            if waits {
                // What was taken meanwhile is known when it is repeated.
                if self.is_over(AGAIN) {
                    return Ok(false);
                }
                continue;
            }
            for (record, taken) in readable.iter().zip(&taken) {
                let problem = match taken {
                    Taken::Recorded { .. } | Taken::Known { .. } => continue,
                    Taken::Conflicting { reason } => Problem::conflicting(reason),
                    Taken::Invalid(invalid) => Problem::invalid(invalid.clone()),
                    Taken::Failed(error) => Problem::failed(error),
                };
                not_taken.add(DOOR, problem.code(), problem.detail(), 1);
                put_aside(post, record, problem.detail())?;
            }
            self.hearer.hear(source.tenant, &connector, &not_taken);
            return Ok(true);
        }
    }

    /// Whether it is to end, at once or within a while.
    pub(super) fn is_over(&self, within: Duration) -> bool {
        self.stop.recv_timeout(within) == Err(RecvTimeoutError::Disconnected)
    }
}

fn put_aside(post: &Post, record: &OwnedMessage, reason: &str) -> Result<(), IntakeError> {
    let (topic, offset) = (record.topic(), record.offset());
    tracing::warn!(
        topic,
        offset,
        reason,
        "ingest.kafka put a record of {topic} aside"
    );
    metrics::counter!("annals_ingest_kafka_dead_letters_total").increment(1);
    Ok(bury(post, record, reason)?)
}

/// What a record asks for; `None` when its mapping has nothing for it.
fn read(record: &OwnedMessage, records: Option<&JsonRecords>) -> Result<Option<Asked>, String> {
    let Some(records) = records else {
        let event = message::read(record).map_err(|invalid| invalid.to_string())?;
        return asked_by(&event).map(Some).map_err(|invalid| invalid.to_string());
    };
    let place = format!("{}/{}/{}", record.topic(), record.partition(), record.offset());
    let json = record.payload().unwrap_or_default();
    let (key, outputs) = records.read(json, &place).map_err(|error| error.to_string())?;
    let what = match outputs {
        Outputs::Nothing => return Ok(None),
        Outputs::Facts(drafts) => {
            let facts = drafts.iter().map(FactDraft::fact).collect::<Result<_, _>>()?;
            Orders::Facts(drafts.first().and_then(|draft| draft.occurred_at), facts)
        }
        Outputs::Commands {
            aggregate_type,
            aggregate_id: id,
            commands,
        } => Orders::Commands {
            aggregate_type,
            id,
            commands,
        },
    };
    let cause = None;
    Ok(Some(Asked { key, cause, what }))
}

/// The records that are there, after a short wait for the first.
fn gather(consumer: &BaseConsumer) -> Result<Vec<OwnedMessage>, IntakeError> {
    let mut records = Vec::new();
    let mut wait = POLL;
    while records.len() < RECORDS {
        match consumer.poll(wait) {
            None => break,
            Some(message) => records.push(message?.detach()),
        }
        wait = Duration::ZERO;
    }
    Ok(records)
}

/// The offsets behind these records.
fn behind(records: &[OwnedMessage]) -> Result<TopicPartitionList, IntakeError> {
    let mut next: BTreeMap<(&str, i32), i64> = BTreeMap::new();
    for record in records {
        let last = next.entry((record.topic(), record.partition())).or_default();
        *last = record.offset().saturating_add(1).max(*last);
    }
    let mut list = TopicPartitionList::new();
    for ((topic, partition), offset) in next {
        list.add_partition_offset(topic, partition, Offset::Offset(offset))?;
    }
    Ok(list)
}
