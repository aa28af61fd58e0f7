//! What a member may do.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A member's role in its tenant.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
    strum::Display,
    strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Role {
    /// Everything, the tenant's end included.
    Owner,
    /// Everything but the tenant's end.
    Admin,
    /// The daily work.
    Member,
    /// Reads the results.
    Analyst,
    /// Reads everything, the audit feed included.
    Auditor,
}
