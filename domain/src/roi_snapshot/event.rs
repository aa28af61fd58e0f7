//! What has happened to a report's snapshots.

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kernel::{Currency, Vertical, event_types};
use crate::roi::{AttributionModel, Figure, FigureChange};

/// Which report, with all that it depends on beside events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// The line of business; none: all together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vertical: Option<Vertical>,
    /// The first day, in the tenant's zone.
    pub first_day: Date,
    /// The last day.
    pub last_day: Date,
    /// The currency of its amounts.
    pub currency: Currency,
    /// How outcomes are shared out.
    pub model: AttributionModel,
    /// How far back runs are looked for.
    pub window_days: u32,
    /// The half-life of time decay, in days.
    pub half_life_days: u32,
    /// After how many days an outcome is settled.
    pub settling_days: u32,
    /// The baseline that was asked for; none: whichever holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<String>,
}

/// How sure the outcomes of a report are.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::Display, strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum State {
    /// Some may be taken back still, or the days are not over.
    Preliminary,
    /// All have stood for the time that it takes to settle.
    Settled,
    /// All were taken back.
    Reversed,
}

/// A fact about a report's snapshots.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The report was frozen.
    Frozen {
        /// Which report.
        report: Report,
        /// Its place among the report's snapshots: 1, 2, 3, ...
        number: u32,
        /// Its figures.
        figures: Vec<Figure>,
        /// How sure its outcomes were.
        state: State,
        /// Events up to this position count.
        counted_up_to: u64,
        /// The moment by which outcomes were settled or not.
        told_at: Timestamp,
        /// The position up to which the snapshot counted that it takes the place of; none for the first.
        supersedes: Option<u64>,
        /// What is not as that one said.
        changes: Vec<FigureChange>,
    },
}

event_types! {
    Frozen => "roi_snapshot.frozen" v 1,
}
