//! An alert's rules.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{AlertId, Command, Event, Watch};
use crate::kernel::{Blank, aggregate, not_blank};
use crate::tenant::NotOpen;

/// How many thresholds an alert has at most.
const THRESHOLDS_AT_MOST: usize = 20;

/// An alert's state, as far as its rules need it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    defined: Option<(String, Watch)>,
    thresholds: Vec<Decimal>,
    is_retired: bool,
    /// Periods by their first day, and the thresholds that were reached in them.
    reached: BTreeSet<(Date, Decimal)>,
    anomalies: BTreeSet<Date>,
}

/// Why an alert's command was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error, strum::IntoStaticStr)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Refusal {
    /// Its id is taken.
    #[error("this alert was defined before")]
    AlreadyDefined,
    /// Nobody defined it.
    #[error("there is no such alert")]
    NotFound,
    /// It is over.
    #[error("the alert was retired")]
    Retired,
    /// Nothing to compare with.
    #[error(
        "thresholds: name one or more, at most {THRESHOLDS_AT_MOST}, each once and above zero; zero is one for a balance"
    )]
    Thresholds,
    /// An anomaly is not a matter of thresholds.
    #[error("thresholds: an anomaly is told against the tenant's own pattern; leave them out")]
    NoThresholds,
    /// It has no such threshold.
    #[error("threshold: the alert has no threshold of {0}")]
    NoThreshold(Decimal),
    /// The figure is not there yet.
    #[error("figure: {0} is not what the alert is for")]
    NotReached(Decimal),
    /// It was said before.
    #[error("this was raised before in the same period")]
    AlreadyRaised,
    /// A text that must say something.
    #[error(transparent)]
    Blank(#[from] Blank),
    /// The tenant does not admit commands.
    #[error(transparent)]
    #[strum(serialize = "TENANT_NOT_OPEN")]
    Tenant(#[from] NotOpen),
}

aggregate!(Alert, "alert", AlertId);

impl Alert {
    /// Refuses the command, or lists what happens.
    fn decide(&self, command: Command, _at: Timestamp) -> Result<Vec<Event>, Refusal> {
        if let Command::Define {
            name,
            watch,
            mut thresholds,
        } = command
        {
            if self.defined.is_some() {
                return Err(Refusal::AlreadyDefined);
            }
            not_blank("name", &name)?;
            let count = thresholds.len();
            thresholds.sort_unstable();
            thresholds.dedup();
            match watch {
                Watch::Anomaly { .. } if count > 0 => return Err(Refusal::NoThresholds),
                Watch::Anomaly { .. } => {}
                Watch::Usage { .. }
                | Watch::Spend { .. }
                | Watch::Commitment { .. }
                | Watch::Balance { .. } => {
                    // Credits can be used up, so that nothing left is a threshold, too.
                    let may_be_zero = matches!(watch, Watch::Balance { .. });
                    let is_wrong = |threshold: &Decimal| {
                        *threshold < Decimal::ZERO || threshold.is_zero() && !may_be_zero
                    };
                    if count == 0
                        || count > THRESHOLDS_AT_MOST
                        || thresholds.len() < count
                        || thresholds.iter().any(is_wrong)
                    {
                        return Err(Refusal::Thresholds);
                    }
                }
            }
            return Ok(vec![Event::Defined {
                name,
                watch,
                thresholds,
            }]);
        }
        let (name, watch) = self.defined.clone().ok_or(Refusal::NotFound)?;
        if self.is_retired {
            return Err(Refusal::Retired);
        }
        let event = match command {
            Command::Define { .. } => return Err(Refusal::AlreadyDefined),
            Command::Retire { reason } => {
                not_blank("reason", &reason)?;
                Event::Retired { reason }
            }
            Command::Raise { threshold, seen } => {
                if !self.thresholds.contains(&threshold) {
                    return Err(Refusal::NoThreshold(threshold));
                }
                if !watch.reaches(seen.figure, threshold) {
                    return Err(Refusal::NotReached(seen.figure));
                }
                if self.reached.contains(&(seen.first_day, threshold)) {
                    return Err(Refusal::AlreadyRaised);
                }
                Event::ThresholdReached {
                    name,
                    watch,
                    threshold,
                    seen,
                }
            }
            Command::RaiseAnomaly { expected, seen } => {
                if expected.has(seen.figure) || !matches!(watch, Watch::Anomaly { .. }) {
                    return Err(Refusal::NotReached(seen.figure));
                }
                if self.anomalies.contains(&seen.first_day) {
                    return Err(Refusal::AlreadyRaised);
                }
                Event::AnomalySeen {
                    name,
                    watch,
                    expected,
                    seen,
                }
            }
        };
        Ok(vec![event])
    }

    /// Takes in what happened.
    fn evolve(&mut self, event: Event) {
        match event {
            Event::Defined {
                name,
                watch,
                thresholds,
            } => {
                self.defined = Some((name, watch));
                self.thresholds = thresholds;
            }
            Event::Retired { .. } => self.is_retired = true,
            Event::ThresholdReached { threshold, seen, .. } => {
                self.reached.insert((seen.first_day, threshold));
            }
            Event::AnomalySeen { seen, .. } => {
                self.anomalies.insert(seen.first_day);
            }
        }
    }
}
