//! What a caller may choose about a private server.

use std::path::PathBuf;
use std::time::Duration;

use crate::binaries::Binaries;

/// How a private server is to be run.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder below which everything of the server lies. It is made when it is missing.
    pub data_dir: PathBuf,
    /// The programs to run.
    pub binaries: Binaries,
    /// What a commit promises.
    pub durability: Durability,
    /// When the server ends.
    pub lifetime: Lifetime,
    /// Further settings by name and value, as in `postgresql.conf`. A reused server keeps its own.
    pub settings: Vec<(String, String)>,
    /// Where a short folder for the socket is made if the data directory's path is too long for one.
    pub temp_dir: PathBuf,
    /// How long a start may take. A recovery after a crash is the slow case.
    pub patience: Duration,
}

impl Options {
    /// A durable server in `data_dir` that is stopped by whoever started it.
    #[must_use]
    pub fn new(data_dir: impl Into<PathBuf>, binaries: Binaries) -> Self {
        Self {
            data_dir: data_dir.into(),
            binaries,
            durability: Durability::Full,
            lifetime: Lifetime::UntilStopped,
            settings: Vec::new(),
            temp_dir: PathBuf::from("/tmp"),
            patience: Duration::from_secs(120),
        }
    }

    /// A server for tests: fast, forgetful after a crash, and gone with this process.
    #[must_use]
    pub fn throwaway(data_dir: impl Into<PathBuf>, binaries: Binaries) -> Self {
        Self {
            durability: Durability::None,
            lifetime: Lifetime::Throwaway,
            ..Self::new(data_dir, binaries)
        }
    }

    /// Adds a setting, such as `("max_connections", "300")`.
    #[must_use]
    pub fn setting(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.push((name.into(), value.into()));
        self
    }
}

/// What a commit promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// A commit that was answered is on the disk: `fsync` and `synchronous_commit` are on.
    Full,
    /// Nothing is promised after a crash of the machine: for tests.
    None,
}

/// When a server ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    /// It runs until its owner stops or drops the [`Cluster`](crate::Cluster). When the owner is killed it
    /// runs on, and the next start takes it over.
    UntilStopped,
    /// It ends with this process, however that ends, and its files below the data directory go with it.
    Throwaway,
}
