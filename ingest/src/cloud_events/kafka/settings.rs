//! What an intake is told.

use domain::TenantId;
use rdkafka::ClientConfig;

use crate::csv_file::JsonRecords;

/// How the brokers are reached, and what is read of them.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The brokers' addresses, with commas between.
    pub brokers: String,
    /// The consumer group: processes of one group share the topics' partitions.
    pub group: String,
    /// What is read, and for whom.
    pub sources: Vec<Source>,
    /// How many copies a topic of dead letters is made with, where it is missing; `None`: it is not made.
    pub create: Option<i32>,
    /// Further settings of librdkafka by name and value, such as `security.protocol`.
    pub client: Vec<(String, String)>,
}

/// A topic whose events are a tenant's.
#[derive(Clone, Debug)]
pub struct Source {
    /// The topic.
    pub topic: String,
    /// How its records of JSON are read; `None`: they are CloudEvents.
    pub records: Option<JsonRecords>,
    /// Whose events it holds.
    pub tenant: TenantId,
}

impl Settings {
    /// What every client of the brokers is configured with.
    pub(super) fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        for (name, value) in &self.client {
            config.set(name, value);
        }
        config.set("bootstrap.servers", &self.brokers);
        config.set("client.id", &self.group);
        config.set("enable.auto.commit", "false");
        config.set("auto.offset.reset", "earliest");
        config.set("isolation.level", "read_committed");
        config
    }

    /// What every producer is configured with.
    pub(super) fn producer(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        for (name, value) in &self.client {
            config.set(name, value);
        }
        config.set("bootstrap.servers", &self.brokers);
        config.set("client.id", &self.group);
        config.set("enable.idempotence", "true");
        // As Java's clients choose.
        config.set("partitioner", "murmur2_random");
        config
    }
}

/// Where a topic's records go that can't be taken.
pub(super) fn dead_letters_of(topic: &str) -> String {
    format!("{topic}.dead-letters")
}
