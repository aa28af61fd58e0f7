//! The settings of what is read from Apache Kafka.

use clap::Args;
use serde::Deserialize;

/// What a person may set about topics that are read. Each is a flag, a variable and a key under `[ingest]` in the TOML
/// file. The brokers and their properties are the relay's.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[command(next_help_heading = "Events from Apache Kafka")]
pub struct GivenIntake {
    /// A topic of CloudEvents and the tenant (slug or id) that they are of; the role `ingest` reads it; may be repeated
    #[arg(
        long = "kafka-ingest",
        env = "ANNALS_KAFKA_INGEST",
        global = true,
        value_name = "TOPIC=TENANT",
        value_delimiter = ',',
        hide_short_help = true
    )]
    #[serde(rename = "topics")]
    pub kafka_ingest: Option<Vec<String>>,
    /// A mapping file for a topic whose records are any JSON (`annals import` has the same); may be repeated
    #[arg(
        long = "kafka-ingest-mapping",
        env = "ANNALS_KAFKA_INGEST_MAPPING",
        global = true,
        value_name = "TOPIC=FILE",
        value_delimiter = ',',
        hide_short_help = true
    )]
    #[serde(rename = "mappings")]
    pub kafka_ingest_mapping: Option<Vec<String>>,
    /// The consumer group that reads them [default: annals-ingest]
    #[arg(
        long,
        env = "ANNALS_KAFKA_INGEST_GROUP",
        global = true,
        value_name = "NAME",
        hide_short_help = true
    )]
    #[serde(rename = "group")]
    pub kafka_ingest_group: Option<String>,
}

const GROUP: &str = "annals-ingest";

impl GivenIntake {
    /// These settings where they are given, else the other ones.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            kafka_ingest: self.kafka_ingest.or(other.kafka_ingest),
            kafka_ingest_mapping: self.kafka_ingest_mapping.or(other.kafka_ingest_mapping),
            kafka_ingest_group: self.kafka_ingest_group.or(other.kafka_ingest_group),
        }
    }

    /// The topics as they were given.
    #[must_use]
    pub fn topics(&self) -> &[String] {
        self.kafka_ingest.as_deref().unwrap_or_default()
    }

    /// The tenant of a topic, as it was given.
    pub(crate) fn tenant_of(&self, topic: &str) -> Option<String> {
        let mut given = self.topics().iter().filter_map(|given| given.split_once('='));
        let (_, tenant) = given.find(|(of, _)| *of == topic)?;
        Some(tenant.to_owned())
    }

    /// The mapping files by topic, as they were given.
    #[must_use]
    pub fn mappings(&self) -> &[String] {
        self.kafka_ingest_mapping.as_deref().unwrap_or_default()
    }

    /// The consumer group.
    #[must_use]
    pub fn group(&self) -> &str {
        self.kafka_ingest_group.as_deref().unwrap_or(GROUP)
    }

    /// The settings in force as a TOML file would have them.
    #[must_use]
    pub fn shown(&self) -> String {
        format!(
            "\n[ingest]\ntopics = {:?}\nmappings = {:?}\ngroup = {:?}\n",
            self.topics(),
            self.mappings(),
            self.group()
        )
    }
}
