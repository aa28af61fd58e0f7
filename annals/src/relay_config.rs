//! The settings of the relay to Apache Kafka.

use anyhow::Context as _;
#[cfg(feature = "kafka")]
use anyhow::bail;
use clap::Args;
use serde::Deserialize;

/// What a person may set about the relay. Each is a flag, a variable and a key under `[relay]` in the TOML file.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[command(next_help_heading = "Relay to Apache Kafka")]
pub struct GivenRelay {
    /// The brokers' addresses, with commas between; `annals up` relays when they are given
    #[arg(
        long,
        env = "ANNALS_KAFKA_BROKERS",
        global = true,
        value_name = "HOST:PORT,...",
        hide_short_help = true
    )]
    #[serde(rename = "brokers")]
    pub kafka_brokers: Option<String>,
    /// How topics are called; `{slice}` becomes lead, opportunity, ... [default: annals.{slice}]
    #[arg(
        long,
        env = "ANNALS_KAFKA_TOPICS",
        global = true,
        value_name = "PATTERN",
        hide_short_help = true
    )]
    #[serde(rename = "topics")]
    pub kafka_topics: Option<String>,
    /// A topic for the log as it is stored: the relay writes it, and projectors read it as one consumer group
    #[arg(
        long,
        env = "ANNALS_KAFKA_LOG_TOPIC",
        global = true,
        value_name = "TOPIC",
        hide_short_help = true
    )]
    #[serde(rename = "log_topic")]
    pub kafka_log_topic: Option<String>,
    /// The consumer group of the projectors that read it [default: annals-projectors]
    #[arg(
        long,
        env = "ANNALS_KAFKA_PROJECTOR_GROUP",
        global = true,
        value_name = "NAME",
        hide_short_help = true
    )]
    #[serde(rename = "projector_group")]
    pub kafka_projector_group: Option<String>,
    /// Whether topics that are missing are created [default: true for `up`, false for `serve`]
    #[arg(long, env = "ANNALS_KAFKA_CREATE_TOPICS", global = true, num_args = 0..=1, default_missing_value = "true",
          hide_short_help = true)]
    #[serde(rename = "create_topics")]
    pub kafka_create_topics: Option<bool>,
    /// How many partitions a topic is created with [default: 6]
    #[arg(long, env = "ANNALS_KAFKA_PARTITIONS", global = true, value_name = "N", hide_short_help = true,
          value_parser = clap::value_parser!(i32).range(1..=10_000))]
    #[serde(rename = "partitions")]
    pub kafka_partitions: Option<i32>,
    /// How many copies a topic is created with [default: as the brokers say]
    #[arg(long, env = "ANNALS_KAFKA_COPIES", global = true, value_name = "N", hide_short_help = true,
          value_parser = clap::value_parser!(i32).range(1..=100))]
    #[serde(rename = "copies")]
    pub kafka_copies: Option<i32>,
    /// How many hours the records of a topic that is created stay; 0: for ever [default: 0]
    #[arg(
        long,
        env = "ANNALS_KAFKA_RETENTION_HOURS",
        global = true,
        value_name = "HOURS",
        hide_short_help = true
    )]
    #[serde(rename = "retention_hours")]
    pub kafka_retention_hours: Option<u32>,
    /// The slices in whose topics personal data may lie, with commas between [default: none]
    #[arg(
        long,
        env = "ANNALS_KAFKA_PERSONAL_DATA",
        global = true,
        value_name = "SLICE,...",
        value_delimiter = ',',
        hide_short_help = true
    )]
    #[serde(rename = "personal_data")]
    pub kafka_personal_data: Option<Vec<String>>,
    /// Further settings of librdkafka, such as security.protocol=SASL_SSL; may be repeated
    #[arg(
        long = "kafka-property",
        env = "ANNALS_KAFKA_PROPERTIES",
        global = true,
        value_name = "NAME=VALUE",
        value_delimiter = ';',
        hide_short_help = true,
        hide_env_values = true
    )]
    #[serde(rename = "properties")]
    pub kafka_properties: Option<Vec<String>>,
    /// The relay's name: its transactional id; one of a name works at a time [default: annals-relay]
    #[arg(
        long,
        env = "ANNALS_RELAY_NAME",
        global = true,
        value_name = "NAME",
        hide_short_help = true
    )]
    #[serde(rename = "name")]
    pub relay_name: Option<String>,
}

const NAME: &str = "annals-relay";
const TOPICS: &str = "annals.{slice}";
const PARTITIONS: i32 = 6;
const PROJECTOR_GROUP: &str = "annals-projectors";

/// Words in the names of librdkafka's settings whose values are not shown.
const SECRETS: &[&str] = &["password", "secret", "key.pem", "jaas", "token"];

impl GivenRelay {
    /// These settings where they are given, else the other ones.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            kafka_brokers: self.kafka_brokers.or(other.kafka_brokers),
            kafka_topics: self.kafka_topics.or(other.kafka_topics),
            kafka_log_topic: self.kafka_log_topic.or(other.kafka_log_topic),
            kafka_projector_group: self.kafka_projector_group.or(other.kafka_projector_group),
            kafka_create_topics: self.kafka_create_topics.or(other.kafka_create_topics),
            kafka_partitions: self.kafka_partitions.or(other.kafka_partitions),
            kafka_copies: self.kafka_copies.or(other.kafka_copies),
            kafka_retention_hours: self.kafka_retention_hours.or(other.kafka_retention_hours),
            kafka_personal_data: self.kafka_personal_data.or(other.kafka_personal_data),
            kafka_properties: self.kafka_properties.or(other.kafka_properties),
            relay_name: self.relay_name.or(other.relay_name),
        }
    }

    /// Whether there are brokers to relay to.
    #[must_use]
    pub const fn is_given(&self) -> bool {
        self.kafka_brokers.is_some()
    }

    /// The relay's settings in force.
    ///
    /// # Errors
    /// Without brokers, or when a value is none: it is named.
    #[cfg(feature = "kafka")]
    pub fn settings(&self) -> anyhow::Result<streams::RelaySettings> {
        let Some(brokers) = self.kafka_brokers.clone() else {
            bail!("the relay needs --kafka-brokers (or ANNALS_KAFKA_BROKERS)");
        };
        let topics = self.kafka_topics.as_deref().unwrap_or(TOPICS).parse();
        let name = self.relay_name.as_deref().unwrap_or(NAME);
        if name.parse::<streams::Pattern>().is_err() {
            bail!("--relay-name: {name:?} is not a name (A-Z, a-z, 0-9, '.', '_', '-')");
        }
        let slices: Vec<&str> = streams::slices().collect();
        let personal = self.kafka_personal_data.clone().unwrap_or_default();
        if let Some(unknown) = personal.iter().find(|slice| !slices.contains(&slice.as_str())) {
            bail!(
                "--kafka-personal-data: there is no slice {unknown:?}, only {}",
                slices.join(", ")
            );
        }
        let create = self.kafka_create_topics.unwrap_or_default();
        Ok(streams::RelaySettings {
            brokers,
            name: name.to_owned(),
            topics: topics.map_err(|error: String| anyhow::anyhow!("--kafka-topics: {error}"))?,
            create: create.then(|| streams::NewTopics {
                partitions: self.kafka_partitions.unwrap_or(PARTITIONS),
                copies: self.kafka_copies,
                retention_hours: self.kafka_retention_hours.filter(|hours| *hours > 0),
            }),
            log_topic: self.log_topic()?,
            personal: personal.into_iter().collect(),
            client: self.properties()?,
        })
    }

    /// The topic that has the log as it is stored.
    ///
    /// # Errors
    /// When that is no name of a topic.
    #[cfg(feature = "kafka")]
    fn log_topic(&self) -> anyhow::Result<Option<String>> {
        let Some(topic) = self.kafka_log_topic.clone() else {
            return Ok(None);
        };
        if topic.parse::<streams::Pattern>().is_err() {
            bail!("--kafka-log-topic: {topic:?} is not a topic's name (A-Z, a-z, 0-9, '.', '_', '-')");
        }
        Ok(Some(topic))
    }

    /// How projectors read the log's topic; `None`: they read the log.
    ///
    /// # Errors
    /// Without brokers, or when a value is none: it is named.
    #[cfg(feature = "kafka")]
    pub fn log_topic_settings(&self) -> anyhow::Result<Option<streams::LogTopicSettings>> {
        let Some(topic) = self.log_topic()? else {
            return Ok(None);
        };
        let Some(brokers) = self.kafka_brokers.clone() else {
            bail!("--kafka-log-topic needs --kafka-brokers (or ANNALS_KAFKA_BROKERS)");
        };
        Ok(Some(streams::LogTopicSettings {
            brokers,
            topic,
            group: self.projector_group().to_owned(),
            client: self.properties()?,
        }))
    }

    fn projector_group(&self) -> &str {
        self.kafka_projector_group.as_deref().unwrap_or(PROJECTOR_GROUP)
    }

    /// The settings in force as a TOML file would have them, secrets masked.
    #[must_use]
    pub fn shown(&self) -> String {
        let mut text = "\n[relay]\n".to_owned();
        match &self.kafka_brokers {
            Some(brokers) => text.push_str(&format!("brokers = {brokers:?}\n")),
            None => text.push_str("# brokers is not set\n"),
        }
        let name = self.relay_name.as_deref().unwrap_or(NAME);
        let topics = self.kafka_topics.as_deref().unwrap_or(TOPICS);
        text.push_str(&format!("name = {name:?}\ntopics = {topics:?}\n"));
        match &self.kafka_log_topic {
            Some(topic) => text.push_str(&format!("log_topic = {topic:?}\n")),
            None => text.push_str("# log_topic is not set\n"),
        }
        text.push_str(&format!("projector_group = {:?}\n", self.projector_group()));
        match self.kafka_create_topics {
            Some(create) => text.push_str(&format!("create_topics = {create}\n")),
            None => text.push_str("# create_topics is not set\n"),
        }
        text.push_str(&format!(
            "partitions = {}\nretention_hours = {}\npersonal_data = {:?}\n",
            self.kafka_partitions.unwrap_or(PARTITIONS),
            self.kafka_retention_hours.unwrap_or_default(),
            self.kafka_personal_data.clone().unwrap_or_default()
        ));
        if let Some(copies) = self.kafka_copies {
            text.push_str(&format!("copies = {copies}\n"));
        }
        let properties = self
            .properties()
            .unwrap_or_default()
            .into_iter()
            .map(|(name, value)| {
                let is_secret = SECRETS.iter().any(|word| name.contains(word));
                format!("{name}={}", if is_secret { "********" } else { &value })
            });
        text + &format!("properties = {:?}\n", properties.collect::<Vec<_>>())
    }

    /// The further settings of librdkafka, by name and value.
    ///
    /// # Errors
    /// When one has no value.
    pub(crate) fn properties(&self) -> anyhow::Result<Vec<(String, String)>> {
        let given = self.kafka_properties.iter().flatten();
        let parsed = given.map(|property| {
            let (name, value) = property
                .split_once('=')
                .with_context(|| format!("--kafka-property: {property:?} is not of the form NAME=VALUE"))?;
            Ok((name.trim().to_owned(), value.to_owned()))
        });
        parsed.collect()
    }
}

#[cfg(all(test, feature = "kafka"))]
mod tests {
    use super::GivenRelay;

    /// A setting, and what names it.
    type Wrong = (fn(&mut GivenRelay), &'static str);

    #[test]
    fn what_is_no_setting_is_named() {
        let given = |change: fn(&mut GivenRelay)| {
            let mut given = GivenRelay {
                kafka_brokers: Some("localhost:9092".to_owned()),
                ..GivenRelay::default()
            };
            change(&mut given);
            given
                .settings()
                .map(|settings| settings.positions())
                .map_err(|error| error.to_string())
        };
        assert_eq!(given(|_| {}).unwrap(), "annals-relay.positions");
        let wrong: [Wrong; 5] = [
            (|given| given.kafka_brokers = None, "--kafka-brokers"),
            (
                |given| given.kafka_topics = Some("a b".to_owned()),
                "--kafka-topics",
            ),
            (|given| given.relay_name = Some("a/b".to_owned()), "--relay-name"),
            (
                |given| given.kafka_personal_data = Some(vec!["leads".to_owned()]),
                "leads",
            ),
            (
                |given| given.kafka_properties = Some(vec!["ssl".to_owned()]),
                "NAME=VALUE",
            ),
        ];
        for (change, named) in wrong {
            let error = given(change).unwrap_err();
            assert!(error.contains(named), "{error}");
        }
    }

    #[test]
    fn secrets_of_the_brokers_are_masked() {
        let given = GivenRelay {
            kafka_properties: Some(vec![
                "sasl.password=hush".to_owned(),
                "sasl.username=ada".to_owned(),
            ]),
            ..GivenRelay::default()
        };
        let shown = given.shown();
        assert!(shown.contains("ada") && !shown.contains("hush"), "{shown}");
    }
}
