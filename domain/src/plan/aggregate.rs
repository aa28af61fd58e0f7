//! A plan's rules.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Command, Event, PlanId};
use crate::RecordedEvent;
use crate::kernel::aggregate;
use crate::pricing::{InvalidPlan, PlanVersion, bundled_plans};
use crate::subscription::PlanCode;
use crate::tenant::NotOpen;

/// A plan's state, as far as its rules need it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    name: String,
    versions: Vec<PlanVersion>,
}

/// Why a plan's command was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error, strum::IntoStaticStr)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Refusal {
    /// Its code is taken.
    #[error("this plan was defined before: add a version to it")]
    AlreadyDefined,
    /// Nobody defined it.
    #[error("there is no such plan")]
    NotFound,
    /// Something in it does not go together.
    #[error(transparent)]
    InvalidPlan(#[from] InvalidPlan),
    /// The tenant does not admit commands.
    #[error(transparent)]
    #[strum(serialize = "TENANT_NOT_OPEN")]
    Tenant(#[from] NotOpen),
}

aggregate!(Plan, "plan", PlanId);

impl Plan {
    /// Refuses the command, or lists what happens.
    fn decide(&self, command: Command, _at: Timestamp) -> Result<Vec<Event>, Refusal> {
        let event = match command {
            Command::Define { name, version } => {
                if !self.versions.is_empty() {
                    return Err(Refusal::AlreadyDefined);
                }
                checked(&name, vec![version.clone()])?;
                Event::Defined { name, version }
            }
            Command::AddVersion { version } => {
                if self.versions.is_empty() {
                    return Err(Refusal::NotFound);
                }
                let versions = self.versions.iter().cloned().chain([version.clone()]);
                checked(&self.name, versions.collect())?;
                Event::VersionAdded { version }
            }
        };
        Ok(vec![event])
    }

    /// Takes in what happened.
    fn evolve(&mut self, event: Event) {
        match event {
            Event::Defined { name, version } => {
                self.name = name;
                self.versions = vec![version];
            }
            Event::VersionAdded { version } => self.versions.push(version),
        }
    }
}

fn checked(name: &str, versions: Vec<PlanVersion>) -> Result<(), InvalidPlan> {
    let code: PlanCode = "checked".parse().expect("it is a plan's code");
    crate::pricing::Plan::try_new(code, name.to_owned(), versions).map(drop)
}

/// The bundled plans, and those that a tenant's events of plans tell of, in their order.
#[must_use]
pub fn known_plans(events: &[RecordedEvent]) -> Vec<crate::pricing::Plan> {
    let mut own: BTreeMap<&str, Plan> = BTreeMap::new();
    for recorded in events {
        if let crate::Event::Plan(event) = &recorded.event {
            own.entry(&recorded.stream.id).or_default().evolve(event.clone());
        }
    }
    let own = own.into_iter().filter_map(|(code, plan)| {
        // It was checked when it was defined.
        crate::pricing::Plan::try_new(code.parse().ok()?, plan.name, plan.versions).ok()
    });
    bundled_plans().into_iter().chain(own).collect()
}
