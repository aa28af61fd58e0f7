//! What was used.

use cqrs_es::DomainEvent;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fact, FactType};
use crate::kernel::StoredEvent;

/// A fact of usage. Its stored name is the fact's own type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// Something was used.
    Recorded(Fact),
}

impl DomainEvent for Event {
    fn event_type(&self) -> String {
        match self {
            Self::Recorded(fact) => fact.event_type().to_string(),
        }
    }

    fn event_version(&self) -> String {
        "1".to_owned()
    }
}

impl StoredEvent for Event {
    /// The two families of names; tenants make up what follows the dot.
    const TYPES: &'static [(&'static str, u16)] = &[("custom.*", 1), ("usage.*", 1)];

    fn current_version(event_type: &str) -> Option<u16> {
        FactType::allows(event_type).then_some(1)
    }
}
