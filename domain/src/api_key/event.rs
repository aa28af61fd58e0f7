//! What has happened to an API key.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{KeyHash, Scope};
use crate::kernel::event_types;

/// A fact about an API key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A key is in force.
    Issued {
        /// What it is for.
        name: String,
        /// The hash of the key.
        hash: KeyHash,
        /// The key's first 8 characters.
        prefix: String,
        /// What it opens.
        scopes: BTreeSet<Scope>,
    },
    /// Another key is in force in its place.
    Rotated {
        /// The hash of the new key.
        hash: KeyHash,
        /// The new key's first 8 characters.
        prefix: String,
        /// The hash of the key that is out of force.
        previous: KeyHash,
    },
    /// No key is in force any more.
    Revoked {
        /// Why.
        reason: String,
        /// The hash of the key that is out of force.
        previous: KeyHash,
    },
}

event_types! {
    Issued => "api_key.issued" v 1,
    Rotated => "api_key.rotated" v 1,
    Revoked => "api_key.revoked" v 1,
}
