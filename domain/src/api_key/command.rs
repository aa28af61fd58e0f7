//! What may be asked of an API key.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{KeyHash, Origin, Scope};

/// A wish to change an API key. The key itself never comes here: whoever makes it, hashes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Put a new key in force.
    Issue {
        /// What it is for.
        name: String,
        /// The hash of the key.
        hash: KeyHash,
        /// The key's first 8 characters, to recognise it.
        prefix: String,
        /// What it opens.
        scopes: BTreeSet<Scope>,
        /// Only pages of these origins may use it; empty: whoever has it.
        #[serde(default)]
        origins: BTreeSet<Origin>,
    },
    /// Replace the key by another.
    Rotate {
        /// The hash of the new key.
        hash: KeyHash,
        /// The new key's first 8 characters.
        prefix: String,
        /// How long the key before goes on beside it, in seconds.
        #[serde(default)]
        overlap_seconds: u32,
    },
    /// Put it out of force for good.
    Revoke {
        /// Why.
        reason: String,
    },
}
