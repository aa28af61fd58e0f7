//! The thread that writes transactions: events, and with them the place up to which the log was relayed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};
use tokio::sync::{mpsc, oneshot};

use super::error::{RelayError, is_passing};
use super::making::{Made, Then};
use super::place::{self, Place};
use super::settings::Settings;
use super::topics;
use crate::log_topic::Writing;

/// From how many events on a transaction ends, though more are on their way. A commit costs the same for few events
/// and for many, and nothing is sent while it is under way.
const EVENTS_AT_MOST: usize = 40_000;
/// How long one call may take before the thread looks whether it is to end.
const CALL: Duration = Duration::from_secs(2);
const FULL: Duration = Duration::from_millis(50);

/// What the thread needs.
pub(super) struct Line {
    pub(super) settings: Settings,
    pub(super) runtime: tokio::runtime::Handle,
    /// Told where the relay goes on, once.
    pub(super) begins: oneshot::Sender<Option<Place>>,
    pub(super) made: mpsc::Receiver<Result<Made, RelayError>>,
    /// The position that was relayed last.
    pub(super) relayed: Arc<AtomicU64>,
    /// Set when nobody waits for what is under way.
    pub(super) stopping: Arc<AtomicBool>,
}

impl Line {
    /// Goes on until there are no more pages.
    pub(super) fn run(mut self) -> Result<(), RelayError> {
        let partitions = topics::ensure(&self.settings, &self.runtime)?;
        let log_topic = self.settings.log_topic.clone();
        let writing = log_topic.map(|topic| Writing { topic, partitions });
        let producer: ThreadedProducer<DefaultProducerContext> = self.producer()?;
        // Whoever had this name before can write no more, and what it left open is undone.
        self.patiently(|| producer.init_transactions(CALL))?;
        let place = place::read(&self.settings)?;
        if let Some(writing) = &writing {
            // What was relayed without the topic is not in it: its readers learn where it goes on.
            let position = place.as_ref().map_or(0, |place| place.position);
            producer.begin_transaction()?;
            writing.write((position, position), &[], |record| {
                Ok(self.send(&producer, record)?)
            })?;
            self.patiently(|| producer.commit_transaction(CALL))?;
        }
        let (begins, _) = oneshot::channel();
        drop(std::mem::replace(&mut self.begins, begins).send(place));
        while let Some(made) = self.made.blocking_recv() {
            if let Err(error) = self.transaction(&producer, made, writing.as_ref()) {
                metrics::counter!("annals_relay_transactions_total", "outcome" => "aborted").increment(1);
                // The next one of this name would undo it, too; this way nobody waits for that.
                drop(producer.abort_transaction(CALL));
                return Err(error);
            }
        }
        Ok(())
    }

    fn producer(&self) -> Result<ThreadedProducer<DefaultProducerContext>, KafkaError> {
        let mut config = self.settings.client();
        let defaults = [
            ("compression.type", "zstd"),
            ("linger.ms", "5"),
            ("batch.size", "1000000"),
            // As Java's clients choose, so that keys meet in joins.
            ("partitioner", "murmur2_random"),
            ("transaction.timeout.ms", "60000"),
            // Brokers that come back are found soon.
            ("reconnect.backoff.max.ms", "2000"),
        ];
        for (name, value) in defaults {
            if config.get(name).is_none() {
                config.set(name, value);
            }
        }
        config
            .set("transactional.id", &self.settings.name)
            .set("enable.idempotence", "true")
            .create()
    }

    /// Writes events and their place, all or nothing: these, and what follows them at once.
    fn transaction(
        &mut self,
        producer: &ThreadedProducer<DefaultProducerContext>,
        made: Result<Made, RelayError>,
        log_topic: Option<&Writing>,
    ) -> Result<(), RelayError> {
        producer.begin_transaction()?;
        let (mut made, mut events) = (made?, 0);
        let mut rows = std::mem::take(&mut made.rows);
        let place = loop {
            events += made.records.len();
            for record in made.records {
                let message = BaseRecord::to(&record.topic)
                    .key(&record.key)
                    .payload(&record.value)
                    .headers(record.headers);
                self.send(producer, message)?;
            }
            if made.then == Then::End || events >= EVENTS_AT_MOST {
                break made.place;
            }
            made = match self.made.blocking_recv() {
                Some(next) => next?,
                None => break made.place,
            };
            rows.append(&mut made.rows);
        };
        if let Some(writing) = log_topic {
            let range = (self.relayed.load(Ordering::Acquire), place.position);
            writing.write(range, &rows, |record| Ok(self.send(producer, record)?))?;
        }
        let value = serde_json::to_string(&place).map_err(|source| RelayError::Show {
            position: place.position,
            source,
        })?;
        let topic = self.settings.positions();
        let position = place.position;
        let place = BaseRecord::to(&topic)
            .key(&self.settings.name)
            .payload(&value)
            .partition(0);
        self.send(producer, place)?;
        self.patiently(|| producer.commit_transaction(CALL))?;
        self.relayed.store(position, Ordering::Release);
        metrics::counter!("annals_relay_events_total").increment(events as u64);
        metrics::counter!("annals_relay_transactions_total", "outcome" => "committed").increment(1);
        Ok(())
    }

    /// Hands a record over; waits while the brokers are slower than the log.
    fn send(
        &self,
        producer: &ThreadedProducer<DefaultProducerContext>,
        mut record: BaseRecord<'_, String, String>,
    ) -> Result<(), KafkaError> {
        loop {
            match producer.send(record) {
                Ok(()) => return Ok(()),
                Err((error, back)) => {
                    let full = error.rdkafka_error_code() == Some(RDKafkaErrorCode::QueueFull);
                    if !full || self.stopping.load(Ordering::Acquire) {
                        return Err(error);
                    }
                    record = back;
                    producer.poll(FULL);
                }
            }
        }
    }

    /// Repeats a call that ran into its time-out, until it has an answer or nobody waits any more.
    fn patiently(&self, call: impl Fn() -> Result<(), KafkaError>) -> Result<(), KafkaError> {
        loop {
            match call() {
                Err(error) if is_passing(&error) && !self.stopping.load(Ordering::Acquire) => {}
                other => return other,
            }
        }
    }
}
