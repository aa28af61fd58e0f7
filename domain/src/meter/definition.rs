//! What a person writes: which events, which of them, what of them, and how it is put together.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How the values of an hour, a day or a month become one.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
    strum::Display,
    strum::EnumString,
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Aggregation {
    /// How many events.
    Count,
    /// The values' sum.
    Sum,
    /// The largest value.
    Max,
    /// The smallest value.
    Min,
    /// The value of the event that happened last.
    Latest,
    /// How many different values.
    UniqueCount,
    /// The values' mean.
    Average,
    /// The mean of a level over the time asked for, weighted by how long it held; each value changes the level, from
    /// its event on for ever.
    TimeWeightedSum,
}

/// What a meter counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// What a person reads beside the figure.
    pub label: String,
    /// The events' type, for instance `lead.captured` or `usage.pages`.
    pub event_type: String,
    /// Other types of events that count in the same way, of the same kind of thing: `claim.denied` beside `claim.adjudicated`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also_event_types: Vec<String>,
    /// Which of the events count: a CEL expression that is true or false. None: all.
    #[serde(default)]
    pub filter: Option<String>,
    /// What of an event counts: a CEL expression. None, when events are counted.
    #[serde(default)]
    pub value: Option<String>,
    /// How values are put together.
    pub aggregation: Aggregation,
    /// By what the figures are told apart: a name and a CEL expression each.
    #[serde(default)]
    pub group_by: BTreeMap<String, String>,
    /// What the figure is counted in: a known unit, or a currency of ISO 4217.
    pub unit: String,
}

impl Definition {
    /// All types of events that it reads.
    pub fn event_types(&self) -> impl Iterator<Item = &str> {
        let others = self.also_event_types.iter().map(String::as_str);
        std::iter::once(self.event_type.as_str()).chain(others)
    }
}

/// Where and why a definition can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct InvalidDefinition {
    /// The field, for instance `filter` or `group_by.model`.
    pub field: String,
    /// What is wrong with it, for an expression with the column.
    pub reason: String,
}

impl InvalidDefinition {
    pub(super) fn new(field: impl Into<String>, reason: impl ToString) -> Self {
        Self {
            field: field.into(),
            reason: reason.to_string(),
        }
    }
}
