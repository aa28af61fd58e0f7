//! What may be asked of a saved filter.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A wish to change a saved filter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Keep it.
    Save {
        /// By which it is asked for.
        name: String,
        /// For whom.
        sharing: Sharing,
        /// Which entries.
        filter: EntryFilter,
    },
    /// Keep another one in its place.
    Change {
        /// By which it is asked for.
        name: String,
        /// For whom.
        sharing: Sharing,
        /// Which entries.
        filter: EntryFilter,
    },
    /// Keep it no more.
    Remove,
}

/// For whom a filter is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sharing {
    /// For who saved it: others do not meet it by its name.
    #[default]
    Own,
    /// For all of the tenant.
    Tenant,
}

/// Which entries of the audit feed; what is left out does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EntryFilter {
    /// By this kind of actor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor_kind: Option<String>,
    /// By this actor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor_id: Option<String>,
    /// This action, or a family of them (`lead.*`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// To this kind of thing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entity_type: Option<String>,
    /// To this thing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entity_id: Option<String>,
    /// In this workspace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workspace_id: Option<String>,
    /// Of this request, import or run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
    /// Caused by the event of this id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub causation_id: Option<String>,
    /// With this outcome.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<EntryOutcome>,
    /// With this text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Happened at this moment or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Happened before this moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Timestamp>,
}

/// What came of what somebody wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EntryOutcome {
    /// It was done.
    Succeeded,
    /// Somebody was turned away.
    Denied,
    /// The rules refused it.
    Refused,
}
