//! Why an intake waits, in words for its operator.

use rdkafka::error::{KafkaError, RDKafkaErrorCode};

/// Why nothing is taken in just now.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IntakeError {
    /// The brokers refuse, or are away.
    #[error("the brokers: {0}")]
    Kafka(#[from] KafkaError),
    /// Topics are missing.
    #[error(
        "the topics {0} are missing: create them, or allow dead letters' to be with --kafka-create-topics"
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
}
