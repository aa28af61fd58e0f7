//! The values that an endpoint is made of.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Event;
use crate::kernel::text_type;

fn is_url(text: &str) -> bool {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    let authority = rest
        .and_then(|rest| rest.split(['/', '?']).next())
        .unwrap_or_default();
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"\"<>\\^`{|}#".contains(&byte);
    text.len() <= 2_000 && !authority.is_empty() && !authority.contains('@') && text.bytes().all(is_plain)
}

text_type!(
    /// Where webhooks are sent: an absolute `https://` or `http://` URL of at most 2,000 characters, without a user or a
    /// fragment.
    EndpointUrl,
    is_url,
    "an https:// URL of at most 2000 characters, without a user or a fragment"
);

fn is_filter(text: &str) -> bool {
    let family = text.strip_suffix(".*").unwrap_or(text);
    let slice = family.split('.').next().unwrap_or_default();
    let is_part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
    let is_known = Event::AGGREGATE_TYPES.contains(&slice) || slice == "custom";
    text == "*"
        || (text.len() <= 100
            && is_known
            && text.bytes().all(|byte| is_part(byte) || byte == b'*')
            && !family.contains('*'))
}

text_type!(
    /// Which events are sent: a type (`lead.captured`), a family (`lead.*`), or all (`*`).
    EventFilter,
    is_filter,
    "a type of event (lead.captured), a family (lead.*), or all (*)"
);

impl EventFilter {
    /// Whether it lets events of a type pass.
    #[must_use]
    pub fn accepts(&self, event_type: &str) -> bool {
        match self.as_str().strip_suffix('*') {
            Some(family) => event_type.starts_with(family),
            None => event_type == self.as_str(),
        }
    }
}

/// In which order deliveries are made.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::Display, strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Delivery {
    /// One after the other: what fails holds up what follows.
    Ordered,
    /// Several at once: what fails is tried again later, besides.
    Unordered,
}

/// Whether members that say something about persons are sent.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::Display, strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum PersonalMembers {
    /// They are.
    Included,
    /// They are left out.
    Withheld,
}

/// How a secret signs (Standard Webhooks).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::Display, strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Scheme {
    /// `v1`: HMAC-SHA256, under a secret that both sides have.
    Hmac,
    /// `v1a`: Ed25519, whose public key the receiver has.
    Ed25519,
}

/// A secret, without what makes it one: it is made of this and the installation's key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Secret {
    /// Its name, unlike any other's.
    pub id: String,
    /// How it signs.
    pub scheme: Scheme,
}

/// How an endpoint is set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where events are sent.
    pub url: EndpointUrl,
    /// What it is for.
    pub description: Option<String>,
    /// Which events are sent: those that one of these lets pass. At least one, at most 100.
    pub events: Vec<EventFilter>,
    /// In which order.
    pub delivery: Delivery,
    /// Whether personal data goes with them.
    pub personal_data: PersonalMembers,
}
