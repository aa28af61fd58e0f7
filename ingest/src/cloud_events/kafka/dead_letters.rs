//! Records that can't be taken: kept as they came, with the reason, until somebody puts them back.

use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, Headers, Message, OwnedHeaders, OwnedMessage};
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};
use rdkafka::{Offset, TopicPartitionList};

use super::error::IntakeError;
use super::settings::{Settings, dead_letters_of};

const PATIENCE: Duration = Duration::from_secs(30);

const REASON: &str = "annals-dead-letter-reason";
const TOPIC: &str = "annals-dead-letter-topic";
const PARTITION: &str = "annals-dead-letter-partition";
const OFFSET: &str = "annals-dead-letter-offset";

/// A record that could not be taken.
#[derive(Clone, Debug)]
pub struct DeadLetter {
    /// The topic that it came from.
    pub topic: String,
    /// The partition there.
    pub partition: i32,
    /// The offset there.
    pub offset: i64,
    /// Why it could not be taken.
    pub reason: String,
    /// The record's key, if it has one.
    pub key: Option<Vec<u8>>,
    /// The record's value, byte for byte.
    pub value: Option<Vec<u8>>,
    /// The record's own headers.
    headers: OwnedHeaders,
}

pub(super) type Post = ThreadedProducer<DefaultProducerContext>;

/// Puts a record to the dead letters.
pub(super) fn bury(post: &Post, message: &OwnedMessage, reason: &str) -> Result<(), KafkaError> {
    let (partition, offset) = (message.partition().to_string(), message.offset().to_string());
    let mut headers = message
        .headers()
        .map_or_else(OwnedHeaders::new, OwnedHeaders::clone);
    let marks = [
        (REASON, reason),
        (TOPIC, message.topic()),
        (PARTITION, &partition),
        (OFFSET, &offset),
    ];
    for (key, value) in marks {
        headers = headers.insert(Header {
            key,
            value: Some(value),
        });
    }
    let to = dead_letters_of(message.topic());
    send(post, &to, (message.key(), message.payload()), headers)
}

/// The dead letters of a topic that were not put back.
///
/// # Errors
/// When the brokers are away, or there is no such topic.
pub fn list_dead_letters(settings: &Settings, topic: &str) -> Result<Vec<DeadLetter>, IntakeError> {
    let consumer = reader(settings)?;
    Ok(read(&consumer, topic)?.0)
}

/// Puts the dead letters of a topic back into it, as they came; returns how many. One that was put back before and
/// taken since is known by its source and id.
///
/// # Errors
/// When the brokers are away, or there is no such topic.
pub fn retry_dead_letters(settings: &Settings, topic: &str) -> Result<usize, IntakeError> {
    let consumer = reader(settings)?;
    let (letters, ends) = read(&consumer, topic)?;
    let post: Post = settings.producer().create()?;
    for letter in &letters {
        let (key, value) = (letter.key.as_deref(), letter.value.as_deref());
        send(&post, &letter.topic, (key, value), letter.headers.clone())?;
    }
    delivered(&post)?;
    if !letters.is_empty() {
        consumer.commit(&ends, CommitMode::Sync)?;
    }
    Ok(letters.len())
}

/// Waits until all that was sent has come.
pub(super) fn delivered(post: &Post) -> Result<(), KafkaError> {
    post.flush(PATIENCE)
}

fn send(
    post: &Post,
    topic: &str,
    (key, value): (Option<&[u8]>, Option<&[u8]>),
    headers: OwnedHeaders,
) -> Result<(), KafkaError> {
    let mut record = BaseRecord::<[u8], [u8]>::to(topic).headers(headers);
    if let Some(key) = key {
        record = record.key(key);
    }
    if let Some(value) = value {
        record = record.payload(value);
    }
    loop {
        match post.send(record) {
            Ok(()) => return Ok(()),
            Err((error, back)) if error.rdkafka_error_code() == Some(RDKafkaErrorCode::QueueFull) => {
                record = back;
                post.poll(Duration::from_millis(50));
            }
            Err((error, _)) => return Err(error),
        }
    }
}

fn reader(settings: &Settings) -> Result<BaseConsumer, KafkaError> {
    settings
        .client()
        // What was put back is behind this group's offsets.
        .set("group.id", format!("{}.dead-letters", settings.group))
        .set("enable.partition.eof", "true")
        .create()
}

/// The letters behind the committed offsets, and the offsets behind them.
fn read(consumer: &BaseConsumer, topic: &str) -> Result<(Vec<DeadLetter>, TopicPartitionList), IntakeError> {
    let topic = dead_letters_of(topic);
    let metadata = consumer.fetch_metadata(Some(&topic), PATIENCE)?;
    let partitions = metadata
        .topics()
        .first()
        .map_or(0, |topic| topic.partitions().len());
    if partitions == 0 {
        return Err(IntakeError::MissingTopics(topic));
    }
    let (mut letters, mut ends) = (Vec::new(), TopicPartitionList::new());
    for partition in metadata.topics().iter().flat_map(|topic| topic.partitions()) {
        let partition = partition.id();
        let mut place = TopicPartitionList::new();
        place.add_partition_offset(&topic, partition, Offset::Stored)?;
        consumer.assign(&place)?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            match consumer.poll(Duration::from_millis(500)) {
                None if Instant::now() > deadline => {
                    let late = RDKafkaErrorCode::OperationTimedOut;
                    return Err(KafkaError::MessageConsumption(late).into());
                }
                None => {}
                Some(Err(KafkaError::PartitionEOF(_))) => break,
                Some(Err(error)) => return Err(error.into()),
                Some(Ok(message)) => {
                    let next = Offset::Offset(message.offset() + 1);
                    if ends.find_partition(&topic, partition).is_none() {
                        ends.add_partition(&topic, partition);
                    }
                    ends.set_partition_offset(&topic, partition, next)?;
                    letters.push(letter(&message.detach()));
                }
            }
        }
    }
    Ok((letters, ends))
}

fn letter(message: &OwnedMessage) -> DeadLetter {
    let mut letter = DeadLetter {
        topic: String::new(),
        partition: -1,
        offset: -1,
        reason: String::new(),
        key: message.key().map(<[u8]>::to_vec),
        value: message.payload().map(<[u8]>::to_vec),
        headers: OwnedHeaders::new(),
    };
    for header in message.headers().into_iter().flat_map(Headers::iter) {
        let text = || String::from_utf8_lossy(header.value.unwrap_or_default()).into_owned();
        match header.key {
            REASON => letter.reason = text(),
            TOPIC => letter.topic = text(),
            PARTITION => letter.partition = text().parse().unwrap_or(-1),
            OFFSET => letter.offset = text().parse().unwrap_or(-1),
            _ => letter.headers = letter.headers.insert(header),
        }
    }
    letter
}
