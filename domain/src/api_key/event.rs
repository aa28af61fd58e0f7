//! What has happened to an API key.

use std::collections::BTreeSet;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{KeyHash, Origin, Scope};
use crate::kernel::event_types;

/// A fact about an API key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A key is in force.
    Issued {
        /// What it is for.
        name: String,
        /// The hash of the key.
        #[schemars(extend("x-secret" = true))]
        hash: KeyHash,
        /// The key's first 8 characters.
        prefix: String,
        /// What it opens.
        scopes: BTreeSet<Scope>,
        /// Only pages of these origins may use it; empty: whoever has it.
        origins: BTreeSet<Origin>,
    },
    /// Another key is in force in its place.
    Rotated {
        /// The hash of the new key.
        #[schemars(extend("x-secret" = true))]
        hash: KeyHash,
        /// The new key's first 8 characters.
        prefix: String,
        /// The hash of the key before.
        #[schemars(extend("x-secret" = true))]
        previous: KeyHash,
        /// Until when the key before goes on beside it; null: it is out of force.
        previous_until: Option<Timestamp>,
    },
    /// No key is in force any more.
    Revoked {
        /// Why.
        reason: String,
        /// The hash of the key that is out of force.
        #[schemars(extend("x-secret" = true))]
        previous: KeyHash,
    },
}

event_types! {
    Issued => "api_key.issued" v 2 [for_whoever_has_it],
    Rotated => "api_key.rotated" v 2 [at_once],
    Revoked => "api_key.revoked" v 1,
}

/// To version 2: a key may be for pages of some origins alone.
fn for_whoever_has_it(fields: &mut Map<String, Value>) -> Result<(), String> {
    fields.insert("origins".to_owned(), Value::Array(Vec::new()));
    Ok(())
}

/// To version 2: the key before may go on for a while.
fn at_once(fields: &mut Map<String, Value>) -> Result<(), String> {
    fields.insert("previous_until".to_owned(), Value::Null);
    Ok(())
}
