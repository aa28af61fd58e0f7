//! What may be asked of an alert.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{Range, Sighting, Watch};

/// A wish to change an alert.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Watch a figure.
    Define {
        /// How a person calls it.
        name: String,
        /// What is watched.
        watch: Watch,
        /// Which thresholds; none for an anomaly.
        thresholds: Vec<Decimal>,
    },
    /// Watch it no more.
    Retire {
        /// Why.
        reason: String,
    },
    /// Say that the figure has come to a threshold.
    Raise {
        /// The threshold.
        threshold: Decimal,
        /// What was seen.
        seen: Sighting,
    },
    /// Say that the figure is not what it usually is.
    RaiseAnomaly {
        /// What it usually is.
        expected: Range,
        /// What was seen.
        seen: Sighting,
    },
}
