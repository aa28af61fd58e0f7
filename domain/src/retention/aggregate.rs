//! The rules of retention.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _, tz::TimeZone};
use serde::{Deserialize, Serialize};

use super::{Command, Event, RetentionId};
use crate::kernel::aggregate;
use crate::personal_fields::{personal_event_types, personal_fields};

const DAYS_AT_MOST: u32 = 36_500;

/// A tenant's rules, by the events' stored name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Retention {
    rules: BTreeMap<String, u32>,
    applied: BTreeMap<String, Date>,
}

/// Why a command about retention was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error, strum::IntoStaticStr)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Refusal {
    /// There is nothing to erase in events of this type.
    #[error("event_type: {0} has no personal fields; those that have are {1}")]
    NothingPersonal(String, String),
    /// No such number of days.
    #[error("days: {0} is not between 1 and {DAYS_AT_MOST}")]
    DaysOutOfRange(u32),
    /// The same rule again.
    #[error("{0} is kept for {1} days already")]
    SameRule(String, u32),
    /// There is no rule for the type.
    #[error("there is no rule for {0}: its personal data is kept for ever")]
    NoRule(String),
    /// All that the rule allows was erased before.
    #[error("{0} was erased up to {1} before: there is nothing older than the rule allows")]
    NothingDue(String, Date),
}

// A tenant that is suspended keeps its duties.
aggregate!(Retention, "retention", RetentionId, |_| Ok(()));

impl Retention {
    /// Refuses the command, or lists what happens.
    fn decide(&self, command: Command, at: Timestamp) -> Result<Vec<Event>, Refusal> {
        let event = match command {
            Command::SetRule { event_type, days } => {
                if personal_fields(&event_type).is_empty() {
                    return Err(Refusal::NothingPersonal(
                        event_type,
                        personal_event_types().join(", "),
                    ));
                }
                if !(1..=DAYS_AT_MOST).contains(&days) {
                    return Err(Refusal::DaysOutOfRange(days));
                }
                let previous = self.rules.get(&event_type).copied();
                if previous == Some(days) {
                    return Err(Refusal::SameRule(event_type, days));
                }
                Event::RuleSet {
                    event_type,
                    days,
                    previous,
                }
            }
            Command::RemoveRule { event_type } => Event::RuleRemoved {
                previous: self.days(&event_type)?,
                event_type,
            },
            Command::Apply { event_type } => {
                let days = self.days(&event_type)?;
                let before = first_kept(at, days);
                if let Some(applied) = self
                    .applied
                    .get(&event_type)
                    .filter(|applied| **applied >= before)
                {
                    return Err(Refusal::NothingDue(event_type, *applied));
                }
                Event::Applied {
                    event_type,
                    before,
                    days,
                }
            }
        };
        Ok(vec![event])
    }

    /// What these events make of a tenant's rules.
    #[must_use]
    pub fn of(events: impl IntoIterator<Item = Event>) -> Self {
        let mut retention = Self::default();
        for event in events {
            retention.evolve(event);
        }
        retention
    }

    /// For how many days personal data is kept, by the events' stored name; a type that is not there: for ever.
    #[must_use]
    pub const fn rules(&self) -> &BTreeMap<String, u32> {
        &self.rules
    }

    /// Before which day the rule for a type keeps nothing any more at a moment: the first of a month; `None`: there is no rule.
    #[must_use]
    pub fn due_before(&self, event_type: &str, at: Timestamp) -> Option<Date> {
        self.rules.get(event_type).map(|days| first_kept(at, *days))
    }

    fn days(&self, event_type: &str) -> Result<u32, Refusal> {
        let days = self.rules.get(event_type).copied();
        days.ok_or_else(|| Refusal::NoRule(event_type.to_owned()))
    }

    /// Takes in what happened.
    fn evolve(&mut self, event: Event) {
        match event {
            Event::RuleSet { event_type, days, .. } => drop(self.rules.insert(event_type, days)),
            Event::RuleRemoved { event_type, .. } => drop(self.rules.remove(&event_type)),
            Event::Applied {
                event_type, before, ..
            } => drop(self.applied.insert(event_type, before)),
        }
    }
}

/// The first of the month of which something is to be kept yet: data keys are made a month each.
fn first_kept(at: Timestamp, days: u32) -> Date {
    let today = at.to_zoned(TimeZone::UTC).date();
    let oldest = today.checked_sub(i64::from(days).days()).unwrap_or(Date::MIN);
    oldest.first_of_month()
}
