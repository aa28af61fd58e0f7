//! What has happened in a connector's sync.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kernel::event_types;

/// A fact about a connector's sync. Each repeats the connector, and an end repeats the start, so that
/// readers need no rules.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// It began.
    Started {
        /// The connector that runs.
        connector: String,
        /// What it reads: a file's name, an account, a topic.
        source: String,
        /// When it began.
        started_at: Timestamp,
    },
    /// It came further.
    Progressed {
        /// The connector that runs.
        connector: String,
        /// How many records it has read so far.
        records: u64,
        /// Where the source would go on.
        cursor: Option<String>,
    },
    /// A record could not be taken.
    RecordRejected {
        /// The connector that runs.
        connector: String,
        /// Its place in the source, the first is 1.
        row: u64,
        /// The column that is wrong.
        column: Option<String>,
        /// What the column holds.
        value: Option<String>,
        /// What is wrong with it.
        reason: String,
    },
    /// It reached the end of the source.
    Completed {
        /// The connector that ran.
        connector: String,
        /// How many records are new in the log.
        recorded: u64,
        /// How many were in the log before.
        known: u64,
        /// How many could not be taken.
        rejected: u64,
        /// Where the source would go on.
        cursor: Option<String>,
        /// When it began.
        started_at: Timestamp,
        /// From the start to the end.
        duration_ms: u64,
    },
    /// It ended because something broke.
    Failed {
        /// The connector that ran.
        connector: String,
        /// What broke.
        reason: String,
        /// When it began.
        started_at: Timestamp,
        /// From the start to the end.
        duration_ms: u64,
    },
}

event_types! {
    Started => "connector_sync.started" v 1,
    Progressed => "connector_sync.progressed" v 1,
    RecordRejected => "connector_sync.record_rejected" v 1,
    Completed => "connector_sync.completed" v 1,
    Failed => "connector_sync.failed" v 1,
}
