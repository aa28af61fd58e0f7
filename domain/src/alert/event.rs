//! What has happened to an alert.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Range, Sighting, Watch};
use crate::kernel::event_types;

/// A fact about an alert.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A figure is watched.
    Defined {
        /// How a person calls it.
        name: String,
        /// What is watched.
        watch: Watch,
        /// Which thresholds, the lowest first; none for an anomaly.
        thresholds: Vec<Decimal>,
    },
    /// It is watched no more.
    Retired {
        /// Why.
        reason: String,
    },
    /// The figure has come to a threshold: once for each threshold and period.
    ThresholdReached {
        /// How a person calls the alert.
        name: String,
        /// What is watched.
        watch: Watch,
        /// The threshold.
        threshold: Decimal,
        /// What was seen.
        seen: Sighting,
    },
    /// The figure is not what it usually is: once a day.
    AnomalySeen {
        /// How a person calls the alert.
        name: String,
        /// What is watched.
        watch: Watch,
        /// What it usually is.
        expected: Range,
        /// What was seen.
        seen: Sighting,
    },
}

event_types! {
    Defined => "alert.defined" v 1,
    Retired => "alert.retired" v 1,
    ThresholdReached => "alert.threshold_reached" v 1,
    AnomalySeen => "alert.anomaly_seen" v 1,
}
