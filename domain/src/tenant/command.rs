//! What may be asked of a tenant.

use serde::{Deserialize, Serialize};

use super::{DeploymentMode, Settings, Slug};
use crate::kernel::Vertical;

/// A wish to change a tenant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Set up a new tenant.
    Provision {
        /// Its short name in URLs; unique among the tenants of an installation.
        slug: Slug,
        /// Shared cloud or installation of its own.
        mode: DeploymentMode,
        /// Name, zone and currency.
        settings: Settings,
    },
    /// Replace the settings.
    ChangeSettings {
        /// Name, zone and currency.
        settings: Settings,
    },
    /// Turn a line of business on.
    EnableVertical {
        /// Which.
        vertical: Vertical,
    },
    /// Turn a line of business off.
    DisableVertical {
        /// Which.
        vertical: Vertical,
    },
    /// Refuse all commands until further notice.
    Suspend {
        /// Why.
        reason: String,
    },
    /// Admit commands again.
    Reactivate,
    /// End it for good.
    Close {
        /// Why.
        reason: String,
    },
}
