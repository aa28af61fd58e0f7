//! What a relay is told.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use rdkafka::ClientConfig;

use crate::public::PersonalData;

/// How the relay reaches the brokers, and what it writes.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The brokers' addresses, with commas between.
    pub brokers: String,
    /// The relay's name: its transactional id, and the begin of the name of its topic of positions. One relay of a
    /// name works at a time.
    pub name: String,
    /// How topics are called.
    pub topics: Pattern,
    /// The topic that has the log as it is stored, for projectors; `None`: it is not written.
    pub log_topic: Option<String>,
    /// How topics that are missing are made; `None`: they are not.
    pub create: Option<NewTopics>,
    /// The slices in whose topics personal data may lie.
    pub personal: BTreeSet<String>,
    /// Further settings of librdkafka by name and value, such as `security.protocol`.
    pub client: Vec<(String, String)>,
}

/// How a topic is made.
#[derive(Clone, Copy, Debug)]
pub struct NewTopics {
    /// How many partitions it has.
    pub partitions: i32,
    /// How many copies it has; `None`: as the brokers' default says.
    pub copies: Option<i32>,
    /// How long its records stay, in hours; `None`: for ever.
    pub retention_hours: Option<u32>,
}

impl Settings {
    /// The topic that holds how far the log was relayed.
    #[must_use]
    pub fn positions(&self) -> String {
        format!("{}.positions", self.name)
    }

    /// Whether personal data may lie in a slice's topic.
    #[must_use]
    pub fn personal_data(&self, slice: &str) -> PersonalData {
        if self.personal.contains(slice) {
            PersonalData::Included
        } else {
            PersonalData::Withheld
        }
    }

    /// What every client of the brokers is configured with.
    pub(super) fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        for (name, value) in &self.client {
            config.set(name, value);
        }
        config.set("bootstrap.servers", &self.brokers);
        config.set("client.id", &self.name);
        config
    }
}

/// How topics are called: a text with `{slice}` in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(String);

impl Pattern {
    /// The topic of a slice.
    #[must_use]
    pub fn topic(&self, slice: &str) -> String {
        self.0.replace("{slice}", slice)
    }
}

impl Default for Pattern {
    fn default() -> Self {
        Self("annals.{slice}".to_owned())
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Pattern {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        // A topic's name in Kafka: 1 to 249 characters; the longest slice has its room.
        let name = text.replace("{slice}", "connector_sync");
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if !(1..=249).contains(&name.len()) || !name.bytes().all(allowed) {
            return Err(format!(
                "{text:?} is not a pattern of topics' names (A-Z, a-z, 0-9, '.', '_', '-' and {{slice}})"
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn a_pattern_makes_names_that_kafka_takes() {
        let pattern: Pattern = "prod.{slice}.v1".parse().unwrap();
        assert_eq!(pattern.topic("lead"), "prod.lead.v1");
        assert_eq!(Pattern::default().topic("lead"), "annals.lead");
        let one: Pattern = "everything".parse().unwrap();
        assert_eq!(one.topic("lead"), "everything");
        for wrong in ["", "a b", "{tenant}", "é", &"x".repeat(250)] {
            assert!(wrong.parse::<Pattern>().is_err(), "{wrong}");
        }
    }
}
