//! Why there is no broker, in words for the person at the terminal.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Why there is no broker.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Java or the server's jars are missing.
    #[error(
        "there is no Apache Kafka here: {missing}. Run scripts/kafka, which fetches it (it needs Java 17 and Maven: \
         apt-get install openjdk-17-jre-headless maven), or name running brokers in KAFKA_BROKERS."
    )]
    NotInstalled {
        /// What is missing.
        missing: String,
    },
    /// A node ended before it was ready.
    #[error("the broker did not start; the end of {}:\n{tail}", log.display())]
    NotStarted {
        /// What it said.
        log: PathBuf,
        /// The last lines of it.
        tail: String,
    },
    /// A node takes too long.
    #[error("the broker was not ready after {} s; see {}", patience.as_secs(), log.display())]
    TooSlow {
        /// How long it was waited for.
        patience: Duration,
        /// What it said.
        log: PathBuf,
    },
    /// The machine refused.
    #[error("{what} {}: {source}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// What the machine says.
        source: io::Error,
    },
}

impl Error {
    pub(crate) fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { what, path, source }
    }
}
