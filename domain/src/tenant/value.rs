//! The values that a tenant is made of.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kernel::{Currency, EntityId, InvalidValue, TenantId, is_code, text_type};

impl EntityId for TenantKey {
    fn as_str(&self) -> &str {
        &self.0
    }
    fn from_ulid(ulid: ulid::Ulid) -> Self {
        Self(ulid.to_string())
    }
}

/// The tenant aggregate's id inside its own tenant: the tenant's ULID as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantKey(String);

impl From<TenantId> for TenantKey {
    fn from(id: TenantId) -> Self {
        Self(id.to_string())
    }
}

impl FromStr for TenantKey {
    type Err = InvalidValue;
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        text.parse::<TenantId>().map(Self::from)
    }
}

impl fmt::Display for TenantKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text_type!(
    /// A tenant's short name in URLs: 2 to 63 characters of `a-z 0-9 -`, beginning and ending with a letter
    /// or digit (a DNS label, RFC 1035).
    Slug,
    |text| text.len() > 1 && is_code(text, 63, b"-") && !text.starts_with('-') && !text.ends_with('-'),
    "a slug of 2 to 63 characters (a-z, 0-9, '-' inside)"
);

text_type!(
    /// An IANA time zone, for instance `Europe/Berlin`; it must be known to the zone database.
    Zone,
    |text| jiff::tz::TimeZone::get(text).is_ok(),
    "a time zone of the IANA database (Europe/Berlin)"
);

impl Zone {
    /// UTC.
    #[must_use]
    pub fn utc() -> Self {
        Self("UTC".to_owned())
    }

    /// The zone's IANA name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0
    }

    /// The zone's rules.
    #[must_use]
    pub fn rules(&self) -> jiff::tz::TimeZone {
        jiff::tz::TimeZone::get(&self.0).unwrap_or(jiff::tz::TimeZone::UTC)
    }
}

/// Whether the tenant shares the cloud or has an installation of its own.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::Display, strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum DeploymentMode {
    /// Many tenants in one installation.
    Shared,
    /// One tenant in a closed network.
    Dedicated,
}

/// What can be changed about a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Settings {
    /// The name to show.
    pub name: String,
    /// The zone in which days, months and billing periods are cut.
    pub time_zone: Zone,
    /// The currency of its reports and invoices.
    pub currency: Currency,
}
