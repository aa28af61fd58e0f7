//! What may be asked of a connector's sync.

use serde::{Deserialize, Serialize};

/// A wish to change a connector's sync.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Begin.
    Start {
        /// The connector that runs.
        connector: String,
        /// What it reads: a file's name, an account, a topic.
        source: String,
    },
    /// Say how far it is.
    Progress {
        /// How many records it has read so far.
        records: u64,
        /// Where the source would go on.
        #[serde(default)]
        cursor: Option<String>,
    },
    /// Take down a record that cannot be taken; the rest goes on.
    RejectRecord {
        /// Its place in the source, the first is 1.
        row: u64,
        /// The column that is wrong.
        #[serde(default)]
        column: Option<String>,
        /// What the column holds.
        #[serde(default)]
        value: Option<String>,
        /// What is wrong with it.
        reason: String,
    },
    /// End it at the end of the source.
    Complete {
        /// How many records are new in the log.
        recorded: u64,
        /// How many were in the log before.
        known: u64,
        /// How many could not be taken.
        rejected: u64,
        /// Where the source would go on.
        #[serde(default)]
        cursor: Option<String>,
    },
    /// End it because something broke.
    Fail {
        /// What broke.
        reason: String,
    },
}
