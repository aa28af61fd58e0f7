//! The values that an API key is made of.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kernel::{is_sha256_hex, text_type};

text_type!(
    /// The SHA-256 of a key, in 64 lower-case hexadecimal digits.
    KeyHash,
    is_sha256_hex,
    "a SHA-256 hash in 64 hexadecimal digits (0-9, a-f)"
);

text_type!(
    /// The origin of a web page as browsers send it: scheme, host in lower case, and a port if it is not the scheme's.
    Origin,
    is_origin,
    "an origin as browsers send it (https://shop.example.org, without a path)"
);

fn is_origin(text: &str) -> bool {
    let host = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    host.is_some_and(|host| {
        (1..=255).contains(&host.len())
            && host
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.:[]".contains(&byte))
    })
}

/// What a key opens.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
    strum::Display,
    strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Scope {
    /// Queries and subscriptions.
    Read,
    /// Commands.
    Write,
    /// Events and facts from outside.
    Ingest,
    /// Members, keys and settings.
    Admin,
}
