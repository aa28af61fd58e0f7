//! Projectors as a part of a process: they follow the log, or the log's topic in Apache Kafka.

use projections::Projector;
use store::Store;

use crate::config::Settings;

const CONNECTIONS: u32 = 8;

/// A running projector.
#[derive(Debug)]
pub struct Projecting {
    projector: Projector,
    #[cfg(feature = "kafka")]
    reading: Option<streams::LogReading>,
}

impl Projecting {
    /// Begins to fold: what comes from the log, or from its topic where one is set.
    ///
    /// # Errors
    /// When a setting is none, or the topic can't be had.
    pub async fn start(store: &Store, url: &str, settings: &Settings) -> anyhow::Result<Self> {
        #[cfg(feature = "kafka")]
        if let Some(topic) = settings.relay.log_topic_settings()? {
            return Self::from_topic(store, url, settings, topic).await;
        }
        #[cfg(not(feature = "kafka"))]
        if settings.relay.kafka_log_topic.is_some() {
            anyhow::bail!(
                "--kafka-log-topic: this program was built without Apache Kafka: build it with the feature `kafka`"
            );
        }
        let pool = store::pool(url, store::Role::Projector, CONNECTIONS)?;
        let options = settings.projector.options();
        Ok(Self {
            projector: Projector::start_with(store, pool, projections::all(), options),
            #[cfg(feature = "kafka")]
            reading: None,
        })
    }

    /// Ends it: what is under way is folded.
    pub async fn stop(self) {
        #[cfg(feature = "kafka")]
        if let Some(reading) = self.reading {
            reading.stop().await;
        }
        self.projector.stop().await;
    }
}

#[cfg(feature = "kafka")]
mod from_topic {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use anyhow::{Context as _, bail};
    use projections::{Parts, Projector};
    use store::{Feed, Store};
    use streams::{LogReading, LogTopicError, LogTopicSettings};
    use tokio::sync::watch;

    use super::{CONNECTIONS, Projecting};
    use crate::config::Settings;

    /// Recent events kept for each shard: number, and bytes of payload.
    const RING: (usize, usize) = (20_000, 16 * 1024 * 1024);
    /// How often it is looked whether the relay has made the topic, a second apart.
    const LOOKS: u32 = 60;

    impl Projecting {
        pub(super) async fn from_topic(
            store: &Store,
            url: &str,
            settings: &Settings,
            topic: LogTopicSettings,
        ) -> anyhow::Result<Self> {
            let partitions = partitions(&topic).await?;
            if let Some(shards) = settings.projector.projector_shards
                && shards != partitions
            {
                bail!(
                    "--projector-shards: {shards} is not the number of partitions of {}, which is {partitions}: \
                     leave it away",
                    topic.topic
                );
            }
            let (feeds, parts) = (0..partitions).map(|_| Feed::new(store.log(), RING)).unzip();
            let (own, owned) = watch::channel(BTreeSet::new());
            let parts = Parts { parts, own: owned };
            let pool = store::pool(url, store::Role::Projector, CONNECTIONS)?;
            let options = settings.projector.options();
            let projector = Projector::start_fed(store, pool, projections::all(), options, parts);
            let reading =
                LogReading::start(store.log(), topic, feeds, own).context("no thread for the topic")?;
            Ok(Self {
                projector,
                reading: Some(reading),
            })
        }
    }

    /// Waits a while for a topic that the relay makes just now.
    async fn partitions(topic: &LogTopicSettings) -> anyhow::Result<u32> {
        let mut again = tokio::time::interval(Duration::from_secs(1));
        for _ in 1..LOOKS {
            again.tick().await;
            let asked = topic.clone();
            match tokio::task::spawn_blocking(move || asked.partitions()).await? {
                Ok(partitions) => return Ok(partitions),
                Err(error @ (LogTopicError::Missing(_) | LogTopicError::Kafka(_))) => {
                    tracing::warn!(%error, "annals.projecting waits for the topic");
                }
                Err(error) => return Err(error.into()),
            }
        }
        bail!("the topic {} was not there within {LOOKS} s", topic.topic)
    }
}
