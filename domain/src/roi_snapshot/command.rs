//! What may be asked of a report's snapshots.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Report, State};
use crate::roi::Figure;

/// A wish to freeze a report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Freeze it as it is told at a position.
    Freeze {
        /// Which report.
        report: Report,
        /// Its figures.
        figures: Vec<Figure>,
        /// How sure its outcomes are.
        state: State,
        /// Events up to this position count.
        counted_up_to: u64,
        /// The moment by which outcomes are settled or not.
        told_at: Timestamp,
    },
}
