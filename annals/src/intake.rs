//! What is read from Apache Kafka, where the program was built with it: as a part of a process, and by hand.

#[cfg(not(feature = "kafka"))]
use ingest::Hearer;
#[cfg(not(feature = "kafka"))]
use store::Store;

#[cfg(not(feature = "kafka"))]
use crate::cli::DeadLettersCommand;
#[cfg(not(feature = "kafka"))]
use crate::config::Settings;

/// A running intake.
#[derive(Debug)]
pub struct Reading {
    #[cfg(feature = "kafka")]
    intake: ingest::cloud_events::kafka::Intake,
}

#[cfg(feature = "kafka")]
mod with_kafka {
    use std::collections::BTreeMap;
    use std::io::Write;

    use anyhow::{Context as _, bail};
    use ingest::Hearer;
    use ingest::cloud_events::kafka::{
        DeadLetter, Intake, Settings as IntakeSettings, Source, list_dead_letters, retry_dead_letters,
    };
    use ingest::commands::Commands;
    use ingest::csv_file::{JsonRecords, Mapping};
    use serde_json::json;
    use store::Store;

    use super::Reading;
    use crate::cli::DeadLettersCommand;
    use crate::config::Settings;
    use crate::output::say;
    use crate::tenants;

    impl Reading {
        /// Begins to read the topics of the settings; `None` when there are none. The hearer is told what can't be taken.
        ///
        /// # Errors
        /// When a topic is not given with a tenant that is there, or no brokers are.
        pub async fn start(
            store: &Store,
            settings: &Settings,
            hearer: Hearer,
        ) -> anyhow::Result<Option<Self>> {
            if settings.intake.topics().is_empty() {
                return Ok(None);
            }
            let mut intake = intake_settings(settings)?;
            let mut mappings = mappings(settings.intake.mappings())?;
            for given in settings.intake.topics() {
                let (topic, tenant) = given
                    .split_once('=')
                    .with_context(|| format!("--kafka-ingest: {given:?} is not of the form TOPIC=TENANT"))?;
                let tenant = tenants::find(store.log(), tenant)
                    .await
                    .context("--kafka-ingest")?;
                intake.sources.push(Source {
                    topic: topic.to_owned(),
                    records: mappings.remove(topic),
                    tenant,
                });
            }
            if let Some(topic) = mappings.keys().next() {
                bail!("--kafka-ingest-mapping: {topic} is not read: give its tenant with --kafka-ingest");
            }
            let intake = Intake::start(store, intake, hearer).context("no thread for the intake")?;
            Ok(Some(Self { intake }))
        }

        /// Ends it, when what is under way is appended and committed.
        pub async fn stop(self) {
            self.intake.stop().await;
        }
    }

    /// The mappings by their topics.
    fn mappings(given: &[String]) -> anyhow::Result<BTreeMap<String, JsonRecords>> {
        let read = given.iter().map(|given| {
            let (topic, file) = given.split_once('=').with_context(|| {
                format!("--kafka-ingest-mapping: {given:?} is not of the form TOPIC=FILE")
            })?;
            let text = std::fs::read_to_string(file).with_context(|| format!("mapping file {file}"))?;
            let mapping = Mapping::parse(&text, &Commands).with_context(|| format!("mapping file {file}"))?;
            Ok((topic.to_owned(), JsonRecords::new(mapping)))
        });
        read.collect()
    }

    fn intake_settings(settings: &Settings) -> anyhow::Result<IntakeSettings> {
        let Some(brokers) = settings.relay.kafka_brokers.clone() else {
            bail!("topics are read from brokers: give --kafka-brokers (or ANNALS_KAFKA_BROKERS)");
        };
        let create = settings.relay.kafka_create_topics.unwrap_or_default();
        Ok(IntakeSettings {
            brokers,
            group: settings.intake.group().to_owned(),
            sources: Vec::new(),
            // -1 is the brokers' own default.
            create: create.then(|| settings.relay.kafka_copies.unwrap_or(-1)),
            client: settings.relay.properties()?,
        })
    }

    /// Runs `annals ingest dead-letters`.
    ///
    /// # Errors
    /// When the brokers are away, or the topic has no dead letters' topic.
    pub async fn dead_letters(settings: &Settings, command: DeadLettersCommand) -> anyhow::Result<()> {
        let settings = intake_settings(settings)?;
        match command {
            DeadLettersCommand::List { topic, json } => {
                let letters =
                    tokio::task::spawn_blocking(move || list_dead_letters(&settings, &topic)).await??;
                for letter in &letters {
                    print(letter, json.into())?;
                }
                eprintln!("{} dead letters", letters.len());
            }
            DeadLettersCommand::Retry { topic } => {
                let put_back =
                    tokio::task::spawn_blocking(move || retry_dead_letters(&settings, &topic)).await??;
                say!("{put_back} records put back")?;
            }
        }
        Ok(())
    }

    /// How a letter is printed.
    #[derive(Clone, Copy)]
    enum Shape {
        Line,
        Json,
    }

    impl From<bool> for Shape {
        fn from(json: bool) -> Self {
            if json { Self::Json } else { Self::Line }
        }
    }

    fn print(letter: &DeadLetter, shape: Shape) -> anyhow::Result<()> {
        let text = |bytes: &Option<Vec<u8>>| {
            let bytes = bytes.as_deref();
            bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned())
        };
        let (key, value) = (text(&letter.key), text(&letter.value));
        if matches!(shape, Shape::Json) {
            let letter = json!({
                "topic": letter.topic,
                "partition": letter.partition,
                "offset": letter.offset,
                "reason": letter.reason,
                "key": key,
                "value": value,
            });
            return Ok(say!("{letter}")?);
        }
        say!(
            "{}/{} at {}: {}\n    {}",
            letter.topic,
            letter.partition,
            letter.offset,
            letter.reason,
            value.unwrap_or_default()
        )?;
        std::io::stdout().flush()?;
        Ok(())
    }
}

#[cfg(feature = "kafka")]
pub use with_kafka::dead_letters;

#[cfg(not(feature = "kafka"))]
impl Reading {
    /// Begins to read the topics of the settings; `None` when there are none.
    ///
    /// # Errors
    /// When there are some: the program was built without Apache Kafka.
    pub async fn start(_: &Store, settings: &Settings, _: Hearer) -> anyhow::Result<Option<Self>> {
        if settings.intake.topics().is_empty() {
            return Ok(None);
        }
        anyhow::bail!("this program was built without Apache Kafka: build it with the feature `kafka`")
    }

    /// Ends it.
    pub async fn stop(self) {}
}

/// Runs `annals ingest dead-letters`.
///
/// # Errors
/// Always: the program was built without Apache Kafka.
#[cfg(not(feature = "kafka"))]
pub async fn dead_letters(_: &Settings, _: DeadLettersCommand) -> anyhow::Result<()> {
    anyhow::bail!("this program was built without Apache Kafka: build it with the feature `kafka`")
}
