//! What has happened to a tenant.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{DeploymentMode, Settings, Slug};
use crate::kernel::{Vertical, event_types};

/// A fact about a tenant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// It was set up.
    Provisioned {
        /// Its short name in URLs.
        slug: Slug,
        /// Shared cloud or installation of its own.
        mode: DeploymentMode,
        /// Name, zone and currency.
        settings: Settings,
    },
    /// Its settings are others now.
    SettingsChanged {
        /// From now on.
        settings: Settings,
        /// Until now.
        previous: Settings,
    },
    /// A line of business was turned on.
    VerticalEnabled {
        /// Which.
        vertical: Vertical,
    },
    /// A line of business was turned off.
    VerticalDisabled {
        /// Which.
        vertical: Vertical,
    },
    /// It admits no commands for now.
    Suspended {
        /// Why.
        reason: String,
    },
    /// It admits commands again.
    Reactivated {},
    /// It ended.
    Closed {
        /// Why.
        reason: String,
    },
}

event_types! {
    Provisioned => "tenant.provisioned" v 1,
    SettingsChanged => "tenant.settings_changed" v 1,
    VerticalEnabled => "tenant.vertical_enabled" v 1,
    VerticalDisabled => "tenant.vertical_disabled" v 1,
    Suspended => "tenant.suspended" v 1,
    Reactivated => "tenant.reactivated" v 1,
    Closed => "tenant.closed" v 1,
}
