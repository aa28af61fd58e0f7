//! What is asked of a sync, and what comes of it.

use std::fmt;
use std::path::PathBuf;

use domain::connector::ConnectorId;
use domain::connector_sync::ConnectorSyncId;

use crate::csv_file::Mapping;

/// A file to run into the log.
#[derive(Debug)]
pub struct Import<R> {
    /// The connector that runs; it must be registered.
    pub connector: ConnectorId,
    /// What the rows become.
    pub mapping: Mapping,
    /// The file.
    pub reader: R,
    /// How to run it.
    pub options: SyncOptions,
}

/// Hears how far a sync is.
pub type Listener = Box<dyn Fn(&Progress) + Send + Sync>;

/// How to run a sync.
pub struct SyncOptions {
    /// Where a file with many rows and no ids may put a temporary file.
    pub temp_dir: PathBuf,
    /// How many aggregates are asked at once.
    pub concurrency: usize,
    /// What the file is called in the sync; without it, the mapping's source.
    pub source_name: Option<String>,
    /// Hears how far the sync is, after every few hundred rows.
    pub progress: Option<Listener>,
}

impl SyncOptions {
    /// The defaults.
    pub fn new(temp_dir: impl Into<PathBuf>) -> Self {
        Self {
            temp_dir: temp_dir.into(),
            concurrency: 128,
            source_name: None,
            progress: None,
        }
    }
}

impl fmt::Debug for SyncOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SyncOptions")
            .field("temp_dir", &self.temp_dir)
            .field("concurrency", &self.concurrency)
            .field("source_name", &self.source_name)
            .finish_non_exhaustive()
    }
}

/// How far a sync is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Rows that were read.
    pub rows: u64,
    /// Records that are new in the log.
    pub recorded: u64,
    /// Records that were in the log before.
    pub known: u64,
    /// Rows that could not be taken.
    pub rejected: u64,
    /// Rows for which no condition of the mapping holds.
    pub skipped: u64,
    /// The position of the last event so far, if there is one.
    pub position: Option<u64>,
}

/// What a sync came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncReport {
    /// Records that are new in the log.
    pub recorded: u64,
    /// Records that were in the log before.
    pub known: u64,
    /// Rows that could not be taken, now or before.
    pub rejected: u64,
    /// Rows for which no condition of the mapping holds.
    pub skipped: u64,
    /// Whether the log is as it was: everything was known.
    pub unchanged: bool,
    /// The sync under which it is written down; none if the log is unchanged.
    pub sync: Option<ConnectorSyncId>,
    /// The position of the sync's last event: whoever has read up to here sees its effect.
    pub position: Option<u64>,
}
