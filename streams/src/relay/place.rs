//! How far the log was relayed: the last record of the relay's own topic, written in the events' transactions.

use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};
use serde::{Deserialize, Serialize};

use super::error::RelayError;
use super::settings::Settings;

/// The event that was relayed last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    /// Its position in the log.
    pub(super) position: u64,
    /// Its ULID: tells whether it is this log's.
    pub(super) event: String,
}

/// How long the brokers may take for an answer.
const PATIENCE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(500);
/// How far from the end it is looked for first. Markers of transactions lie between the records.
const NEAR: i64 = 1_000;

/// Reads the place, after the transactions of this name's former relays were ended.
///
/// # Errors
/// When the brokers are away, or the topic holds something else.
pub(super) fn read(settings: &Settings) -> Result<Option<Place>, RelayError> {
    let topic = settings.positions();
    let consumer: BaseConsumer = settings
        .client()
        .set("group.id", &settings.name)
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true")
        .set("isolation.level", "read_committed")
        .set("auto.offset.reset", "earliest")
        .create()?;
    let (first, end) = consumer.fetch_watermarks(&topic, 0, PATIENCE)?;
    let mut back = NEAR;
    loop {
        let begin = first.max(end.saturating_sub(back));
        if let Some(place) = read_from(&consumer, &topic, begin)? {
            return Ok(Some(place));
        }
        if begin == first {
            return Ok(None);
        }
        back = back.saturating_mul(10);
    }
}

/// The last committed record from an offset on.
fn read_from(consumer: &BaseConsumer, topic: &str, begin: i64) -> Result<Option<Place>, RelayError> {
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, 0, Offset::Offset(begin))?;
    consumer.assign(&list)?;
    let mut last = None;
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        match consumer.poll(POLL) {
            None => {}
            Some(Err(KafkaError::PartitionEOF(_))) => return Ok(last),
            Some(Err(error)) => return Err(error.into()),
            Some(Ok(message)) => {
                let value = message.payload().unwrap_or_default();
                let place = serde_json::from_slice(value);
                last = Some(place.map_err(|_| RelayError::NoPosition {
                    topic: topic.to_owned(),
                    value: String::from_utf8_lossy(value).into_owned(),
                })?);
            }
        }
    }
    Err(KafkaError::MessageConsumption(rdkafka::error::RDKafkaErrorCode::OperationTimedOut).into())
}
