//! What has happened to a connector.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Fingerprint;
use crate::kernel::event_types;

/// A fact about a connector.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// It was set up.
    Registered {
        /// The name to show.
        name: String,
        /// Its source and form, for instance `csv_file`.
        kind: String,
        /// Names and values that its kind understands.
        settings: BTreeMap<String, String>,
    },
    /// Its settings are others now.
    Reconfigured {
        /// From now on.
        settings: BTreeMap<String, String>,
        /// Until now.
        previous: BTreeMap<String, String>,
    },
    /// Its credentials are others now.
    CredentialsReplaced {
        /// The fingerprint of the new ones.
        #[schemars(extend("x-secret" = true))]
        fingerprint: Fingerprint,
        /// The fingerprint of those before.
        #[schemars(extend("x-secret" = true))]
        previous: Option<Fingerprint>,
    },
    /// It rests.
    Paused {
        /// Why.
        reason: String,
    },
    /// It works again.
    Resumed {},
    /// It is gone.
    Removed {
        /// Why.
        reason: String,
    },
}

event_types! {
    Registered => "connector.registered" v 1,
    Reconfigured => "connector.reconfigured" v 1,
    CredentialsReplaced => "connector.credentials_replaced" v 1,
    Paused => "connector.paused" v 1,
    Resumed => "connector.resumed" v 1,
    Removed => "connector.removed" v 1,
}
