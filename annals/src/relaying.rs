//! The relay as a part of a process, where the program was built with it.

use store::Store;

use crate::relay_config::GivenRelay;

/// A running relay to Apache Kafka.
#[derive(Debug)]
pub struct Relaying {
    #[cfg(feature = "kafka")]
    relay: streams::Relay,
}

impl Relaying {
    /// Begins to relay the log of a database.
    ///
    /// # Errors
    /// When a setting is missing or none, or the program was built without Apache Kafka.
    #[cfg(feature = "kafka")]
    pub fn start(store: &Store, url: &str, given: &GivenRelay) -> anyhow::Result<Self> {
        let relay = streams::Relay::start(store, url, given.settings()?);
        Ok(Self { relay })
    }

    /// Begins to relay the log of a database.
    ///
    /// # Errors
    /// Always: the program was built without Apache Kafka.
    #[cfg(not(feature = "kafka"))]
    pub fn start(_: &Store, _: &str, _: &GivenRelay) -> anyhow::Result<Self> {
        anyhow::bail!("this program was built without Apache Kafka: build it with the feature `kafka`")
    }

    /// Ends it: what is under way is finished.
    pub async fn stop(self) {
        #[cfg(feature = "kafka")]
        self.relay.stop().await;
    }
}
