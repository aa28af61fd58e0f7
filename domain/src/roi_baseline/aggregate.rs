//! A baseline's rules.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{Command, Event, RoiBaselineId};
use crate::RecordedEvent;
use crate::kernel::{Blank, Negative, Vertical, aggregate, not_blank, not_negative};
use crate::roi::Basis;
use crate::tenant::NotOpen;

/// A baseline's state, as far as its rules need it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoiBaseline {
    standing: Standing,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Standing {
    #[default]
    None,
    Registered,
    Withdrawn,
}

/// Why a baseline's command was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error, strum::IntoStaticStr)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Refusal {
    /// Its id is taken.
    #[error("this baseline was registered before, and it stays as it is: register another one")]
    AlreadyRegistered,
    /// Nobody registered it.
    #[error("there is no such baseline")]
    NotFound,
    /// It is withdrawn.
    #[error("the baseline is withdrawn already")]
    AlreadyWithdrawn,
    /// Days that end before they begin.
    #[error("last_day: {last_day} lies before the first day {first_day}")]
    EndsBeforeBegin {
        /// As given.
        first_day: Date,
        /// As given.
        last_day: Date,
    },
    /// Days that are not over.
    #[error("last_day: {0} is not over yet: a baseline is made of days that are")]
    NotOver(Date),
    /// A figure of no days.
    #[error("days: in how many days the amount comes in must be 1 or more")]
    NoDays,
    /// A share that is none.
    #[error("denial_percent: {0} is not between 0 and 100")]
    NotPercent(Decimal),
    /// An amount below zero.
    #[error(transparent)]
    Negative(#[from] Negative),
    /// A text that must say something.
    #[error(transparent)]
    Blank(#[from] Blank),
    /// The tenant does not admit commands.
    #[error(transparent)]
    #[strum(serialize = "TENANT_NOT_OPEN")]
    Tenant(#[from] NotOpen),
}

aggregate!(RoiBaseline, "roi_baseline", RoiBaselineId);

impl RoiBaseline {
    /// Refuses the command, or lists what happens.
    fn decide(&self, command: Command, at: Timestamp) -> Result<Vec<Event>, Refusal> {
        let event = match command {
            Command::Register {
                name,
                vertical,
                basis,
            } => {
                if self.standing != Standing::None {
                    return Err(Refusal::AlreadyRegistered);
                }
                not_blank("name", &name)?;
                sound(&basis, at)?;
                Event::Registered {
                    name,
                    vertical,
                    basis,
                }
            }
            Command::Withdraw { reason } => {
                match self.standing {
                    Standing::None => return Err(Refusal::NotFound),
                    Standing::Withdrawn => return Err(Refusal::AlreadyWithdrawn),
                    Standing::Registered => {}
                }
                not_blank("reason", &reason)?;
                Event::Withdrawn { reason }
            }
        };
        Ok(vec![event])
    }

    /// Takes in what happened.
    fn evolve(&mut self, event: Event) {
        match event {
            Event::Registered { .. } => self.standing = Standing::Registered,
            Event::Withdrawn { .. } => self.standing = Standing::Withdrawn,
        }
    }
}

fn sound(basis: &Basis, at: Timestamp) -> Result<(), Refusal> {
    match basis {
        Basis::PastPeriod { first_day, last_day } => {
            if last_day < first_day {
                return Err(Refusal::EndsBeforeBegin {
                    first_day: *first_day,
                    last_day: *last_day,
                });
            }
            if *last_day >= at.to_zoned(TimeZone::UTC).date() {
                return Err(Refusal::NotOver(*last_day));
            }
        }
        Basis::ControlGroup { owners } => owners.iter().try_for_each(|owner| not_blank("owners", owner))?,
        Basis::Stated {
            amount,
            days,
            denial_percent,
        } => {
            not_negative("amount", *amount)?;
            if *days == 0 {
                return Err(Refusal::NoDays);
            }
            let is_share = |percent: &Decimal| (Decimal::ZERO..=Decimal::ONE_HUNDRED).contains(percent);
            if let Some(percent) = denial_percent.filter(|percent| !is_share(percent)) {
                return Err(Refusal::NotPercent(percent));
            }
        }
    }
    Ok(())
}

/// A baseline as it was registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// The line of business; none: all together.
    pub vertical: Option<Vertical>,
    /// By what periods are measured.
    pub basis: Basis,
    /// When that was recorded: by the log's clock, which nobody sets back.
    pub at: Timestamp,
    /// Where.
    pub position: u64,
    /// When it was withdrawn.
    pub withdrawn_at: Option<Timestamp>,
}

impl Registered {
    /// Whether it holds for a period that begins at a moment.
    #[must_use]
    pub fn holds_for(&self, begin: Timestamp) -> bool {
        self.at <= begin && self.withdrawn_at.is_none_or(|withdrawn| withdrawn > begin)
    }
}

/// The baselines that a tenant's events tell of, in the order in which they were registered.
#[must_use]
pub fn registered<'e>(events: impl IntoIterator<Item = &'e RecordedEvent>) -> Vec<Registered> {
    let mut known: BTreeMap<String, Registered> = BTreeMap::new();
    for recorded in events {
        let crate::Event::RoiBaseline(event) = &recorded.event else {
            continue;
        };
        let id = recorded.stream.id.clone();
        match event {
            Event::Registered {
                name,
                vertical,
                basis,
            } => {
                let one = Registered {
                    id: id.clone(),
                    name: name.clone(),
                    vertical: vertical.clone(),
                    basis: basis.clone(),
                    at: recorded.recorded_at,
                    position: recorded.position,
                    withdrawn_at: None,
                };
                known.insert(id, one);
            }
            Event::Withdrawn { .. } => {
                if let Some(one) = known.get_mut(&id) {
                    one.withdrawn_at = Some(recorded.recorded_at);
                }
            }
        }
    }
    let mut all: Vec<Registered> = known.into_values().collect();
    all.sort_by_key(|one| one.position);
    all
}
