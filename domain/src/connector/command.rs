//! What may be asked of a connector.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Fingerprint;

/// A wish to change a connector.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Set it up.
    Register {
        /// The name to show.
        name: String,
        /// Its source and form, for instance `csv_file`.
        kind: String,
        /// Names and values that its kind understands; no secrets.
        #[serde(default)]
        settings: BTreeMap<String, String>,
    },
    /// Replace the settings.
    Reconfigure {
        /// Names and values that its kind understands; no secrets.
        settings: BTreeMap<String, String>,
    },
    /// Take down that it has other credentials.
    ReplaceCredentials {
        /// The fingerprint of the new ones.
        fingerprint: Fingerprint,
    },
    /// Let it rest.
    Pause {
        /// Why.
        reason: String,
    },
    /// Let it work again.
    Resume,
    /// Take it away for good.
    Remove {
        /// Why.
        reason: String,
    },
}
