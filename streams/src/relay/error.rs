//! Why the relay waits, in words for its operator.

use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use store::ReadError;

/// Why the relay does not relay just now. It tries again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RelayError {
    /// The brokers refuse, or are away.
    #[error("the brokers: {0}")]
    Kafka(#[from] KafkaError),
    /// The log can't be read further.
    #[error("the log: {0}")]
    Read(#[from] ReadError),
    /// An event can't be shown.
    #[error("position {position}: {source}")]
    Show {
        /// Where it lies in the log.
        position: u64,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// Topics are missing, and may not be made.
    #[error(
        "the topics {0} are missing: create them (the topic of positions with one partition and \
         cleanup.policy=compact), or allow the relay to with --kafka-create-topics"
    )]
    MissingTopics(String),
    /// A topic could not be made.
    #[error("the topic {topic} can't be created: {reason}")]
    NotCreated {
        /// Which topic.
        topic: String,
        /// What the brokers say.
        reason: RDKafkaErrorCode,
    },
    /// The topic of positions has more than one partition.
    #[error("{topic} has {partitions} partitions: the relay's place needs a topic of one")]
    ScatteredPositions {
        /// Which topic.
        topic: String,
        /// How many it has.
        partitions: usize,
    },
    /// What the topic of positions holds is no position.
    #[error("{topic} holds {value:?}, which no relay has written")]
    NoPosition {
        /// Which topic.
        topic: String,
        /// What it holds.
        value: String,
    },
    /// The topic of positions is another log's.
    #[error(
        "{topic} says that position {position} was relayed as event {event}, which this log does not have there: \
         the topic is another log's. Choose another name with --relay-name"
    )]
    OtherLog {
        /// Which topic.
        topic: String,
        /// The position that was relayed last.
        position: u64,
        /// The event that it had.
        event: String,
    },
    /// The operating system gives no thread.
    #[error("no thread for the relay: {0}")]
    NoThread(std::io::Error),
    /// The thread that writes has ended without a word.
    #[error("the relay's thread has ended")]
    ThreadEnded,
}

impl RelayError {
    /// Whether another relay of the same name took over: this one was its zombie.
    #[must_use]
    pub fn is_fenced(&self) -> bool {
        let fenced = [
            RDKafkaErrorCode::Fenced,
            RDKafkaErrorCode::ProducerFenced,
            RDKafkaErrorCode::InvalidProducerEpoch,
        ];
        match self {
            Self::Kafka(error) => code(error).is_some_and(|code| fenced.contains(&code)),
            _ => false,
        }
    }
}

/// The code of an error, also of a transaction's.
pub(super) fn code(error: &KafkaError) -> Option<RDKafkaErrorCode> {
    match error {
        KafkaError::Transaction(error) => Some(error.code()),
        other => other.rdkafka_error_code(),
    }
}

/// Whether the same call may succeed a little later.
pub(super) fn is_passing(error: &KafkaError) -> bool {
    match error {
        KafkaError::Transaction(error) => error.is_retriable(),
        KafkaError::Flush(code) => *code == RDKafkaErrorCode::OperationTimedOut,
        _ => false,
    }
}
