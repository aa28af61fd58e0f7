//! What is watched, and what was seen.

use jiff::civil::Date;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The figure that is watched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Watch {
    /// What a meter counts in a calendar month of the tenant's clocks.
    Usage {
        /// The meter.
        meter: String,
    },
    /// What the running period of a subscription comes to, in its currency.
    Spend {
        /// The subscription.
        subscription: String,
    },
    /// What the usage of the running period of a subscription comes to, in per cent of its commitment.
    Commitment {
        /// The subscription.
        subscription: String,
    },
    /// What is left of the prepaid credits of a subscription, in its currency: told when it falls to a threshold.
    Balance {
        /// The subscription.
        subscription: String,
    },
    /// What a meter counts in a day, against the same weekday of the weeks before.
    Anomaly {
        /// The meter.
        meter: String,
    },
}

impl Watch {
    /// Whether a figure has come to a threshold: risen to it, or fallen to it for what is left of credits.
    #[must_use]
    pub fn reaches(&self, figure: Decimal, threshold: Decimal) -> bool {
        match self {
            Self::Balance { .. } => figure <= threshold,
            Self::Usage { .. } | Self::Spend { .. } | Self::Commitment { .. } | Self::Anomaly { .. } => {
                figure >= threshold
            }
        }
    }
}

/// What a figure usually is; both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Range {
    /// At least.
    pub least: Decimal,
    /// At most.
    pub most: Decimal,
}

impl Range {
    /// Whether it has a figure.
    #[must_use]
    pub fn has(&self, figure: Decimal) -> bool {
        self.least <= figure && figure <= self.most
    }
}

/// What was seen, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Sighting {
    /// The first day of the period that the figure is of.
    pub first_day: Date,
    /// Its last day.
    pub last_day: Date,
    /// The figure.
    pub figure: Decimal,
    /// What it is counted in: a unit, a currency, or `percent`.
    pub unit: String,
    /// The position in the log up to which it counts.
    pub position: u64,
}
