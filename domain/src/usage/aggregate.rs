//! The frame that lets facts of usage through the tenant's gate.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Command, Event, FactId};
use crate::kernel::aggregate;
use crate::tenant::NotOpen;

/// A fact stands alone: there is no state to decide by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Usage {}

/// Why a fact was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error, strum::IntoStaticStr)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Refusal {
    /// The tenant does not admit facts.
    #[error(transparent)]
    #[strum(serialize = "TENANT_NOT_OPEN")]
    Tenant(#[from] NotOpen),
}

aggregate!(Usage, "usage", FactId);

impl Usage {
    /// There is no command to decide on.
    const fn decide(self, command: Command, _at: Timestamp) -> Result<Vec<Event>, Refusal> {
        match command {}
    }

    /// Nothing to keep.
    fn evolve(self, event: Event) {
        match event {
            Event::Recorded(_) => {}
        }
    }
}
