//! What a reader of the topic is told.

use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};

use super::error::LogTopicError;

/// How a projector reaches the log's topic.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The brokers' addresses, with commas between.
    pub brokers: String,
    /// The topic.
    pub topic: String,
    /// The consumer group that shares its partitions.
    pub group: String,
    /// Further settings of librdkafka by name and value, such as `security.protocol`.
    pub client: Vec<(String, String)>,
}

const PATIENCE: Duration = Duration::from_secs(10);

impl Settings {
    /// How many partitions the topic has. Blocks.
    ///
    /// # Errors
    /// When the brokers are away, or the topic is not there.
    pub fn partitions(&self) -> Result<u32, LogTopicError> {
        let consumer: BaseConsumer = self.client().create()?;
        let metadata = consumer.fetch_metadata(Some(&self.topic), PATIENCE)?;
        let found = metadata.topics().iter().find(|topic| topic.name() == self.topic);
        let partitions = found.map_or(0, |topic| topic.partitions().len());
        match u32::try_from(partitions) {
            Ok(partitions) if partitions > 0 => Ok(partitions),
            _ => Err(LogTopicError::Missing(self.topic.clone())),
        }
    }

    pub(super) fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        // A process that was killed is given up soon, and the others take over.
        config.set("session.timeout.ms", "10000");
        // A topic that is made meanwhile, and brokers that come back, are found soon.
        config.set("topic.metadata.refresh.interval.ms", "10000");
        config.set("reconnect.backoff.max.ms", "2000");
        for (name, value) in &self.client {
            config.set(name, value);
        }
        config
            .set("bootstrap.servers", &self.brokers)
            .set("group.id", &self.group)
            .set("client.id", &self.group)
            .set("partition.assignment.strategy", "cooperative-sticky")
            .set("isolation.level", "read_committed")
            .set("enable.auto.commit", "false")
            .set("enable.partition.eof", "true")
            .set("auto.offset.reset", "earliest");
        config
    }
}
