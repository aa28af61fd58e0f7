//! Why the topic can't be read, in words for its operator.

use rdkafka::error::KafkaError;
use store::ReadError;

/// Why a projector does not get on with the log's topic just now. It tries again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogTopicError {
    /// The brokers refuse, or are away.
    #[error("the brokers: {0}")]
    Kafka(#[from] KafkaError),
    /// There is no such topic.
    #[error(
        "the topic {0} is not there: the relay makes it, with --kafka-log-topic and --kafka-create-topics"
    )]
    Missing(String),
    /// An event can't be read, or the log is away.
    #[error("the log: {0}")]
    Read(#[from] ReadError),
    /// A record is none of the relay's.
    #[error("{topic}/{partition} holds at {offset} what no relay has written: {reason}")]
    Foreign {
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
        /// The record's offset.
        offset: i64,
        /// What is wrong.
        reason: String,
    },
    /// The topic was given more partitions, or is another.
    #[error(
        "{topic} was written with tenants spread over {written} partitions, and has {there}: \
         name another topic with --kafka-log-topic, since tenants can't be spread anew in one that is filled"
    )]
    Spread {
        /// The topic.
        topic: String,
        /// Over how many it was written.
        written: u32,
        /// How many there are.
        there: u32,
    },
}
