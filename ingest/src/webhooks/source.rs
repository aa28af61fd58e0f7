//! Who may send, and how it signs.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::HeaderMap;
use domain::subscription::PlanCode;
use domain::tenant::Zone;
use domain::{Currency, TenantId};
use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};
use ulid::Ulid;

use super::signature::{Encoding, Unsigned, hub, stripe, svix};

/// Somebody whose webhooks are taken.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its name: the last part of its URL.
    pub name: String,
    /// The tenant whose source it is: in its log stands who was turned away.
    pub tenant: TenantId,
    /// What signs: several while one takes another's place. Never empty.
    pub secrets: Vec<String>,
    /// How old, or how far ahead of the clock, a signed time may be.
    pub tolerance: Duration,
    /// Who it is.
    pub sender: Sender,
}

/// The senders whose messages are understood.
#[derive(Clone, Debug)]
pub enum Sender {
    /// Clerk, through Svix.
    Clerk(Clerk),
    /// Stripe.
    Stripe(Stripe),
    /// Anybody who signs the body with an HMAC: GitHub, WhatsApp and others. What it sends is kept.
    Hmac(Hmac),
}

/// What is set of Clerk.
#[derive(Clone, Debug)]
pub struct Clerk {
    /// Organizations that are tenants of another origin; every other one is a tenant of its own.
    pub organizations: BTreeMap<String, TenantId>,
    /// The time zone of the tenants that it brings.
    pub time_zone: Zone,
    /// The currency of the tenants that it brings.
    pub currency: Currency,
}

/// What is set of Stripe.
#[derive(Clone, Debug, Default)]
pub struct Stripe {
    /// Prices, by their ids, and the plans that they are of; the others' plans are called by lookup key, nickname or id.
    pub plans: BTreeMap<String, PlanCode>,
}

/// How somebody signs with an HMAC (SHA-256).
#[derive(Clone, Debug)]
pub struct Hmac {
    /// The header with the signature, for instance `x-hub-signature-256`.
    pub header: String,
    /// What stands before it, for instance `sha256=`.
    pub prefix: String,
    /// How its bytes are written.
    pub encoding: Encoding,
    /// The header with the delivery's id; without one, equal bodies are one delivery.
    pub id_header: Option<String>,
    /// The header with the event's type; without one, it is `type`, `event` or `object` of the body.
    pub type_header: Option<String>,
    /// The word that answers Meta's challenge (`hub.verify_token`).
    pub verify_token: Option<String>,
}

impl Hmac {
    /// As GitHub signs.
    #[must_use]
    pub fn github() -> Self {
        Self {
            id_header: Some("x-github-delivery".to_owned()),
            type_header: Some("x-github-event".to_owned()),
            ..Self::whatsapp(None)
        }
    }

    /// As WhatsApp (Meta's platform) signs.
    #[must_use]
    pub fn whatsapp(verify_token: Option<String>) -> Self {
        Self {
            header: "x-hub-signature-256".to_owned(),
            prefix: "sha256=".to_owned(),
            encoding: Encoding::Hex,
            id_header: None,
            type_header: None,
            verify_token,
        }
    }
}

/// The sources of an installation, by their names.
pub type Sources = BTreeMap<String, Source>;

impl Source {
    /// Tells whether one of the secrets signed these bytes, at a time that is near enough.
    ///
    /// # Errors
    /// What is wrong with the signature.
    pub(super) fn verify(&self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<(), Unsigned> {
        let text = |name: &str| {
            let value = headers.get(name).and_then(|value| value.to_str().ok());
            value.ok_or_else(|| Unsigned::Missing {
                header: name.to_owned(),
            })
        };
        match &self.sender {
            Sender::Clerk(_) => {
                // Svix's own names, or those of Standard Webhooks.
                let named =
                    |name: &str| text(&format!("svix-{name}")).or_else(|_| text(&format!("webhook-{name}")));
                let signed = svix::Signed {
                    id: named("id")?,
                    timestamp: named("timestamp")?,
                    signatures: named("signature")?,
                };
                signed.verify(&self.secrets, body, self.tolerance, now)
            }
            Sender::Stripe(_) => stripe::verify(
                text("stripe-signature")?,
                &self.secrets,
                body,
                self.tolerance,
                now,
            ),
            Sender::Hmac(hmac) => hub::verify(text(&hmac.header)?, hmac, &self.secrets, body),
        }
    }

    /// The delivery's id and its event's type.
    ///
    /// # Errors
    /// What the body lacks.
    pub(super) fn identify(&self, headers: &HeaderMap, body: &[u8]) -> Result<(String, String), String> {
        let header = |name: &str| {
            headers
                .get(name)
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned)
        };
        let value: Value =
            serde_json::from_slice(body).map_err(|error| format!("the body is no JSON: {error}"))?;
        let member = |names: &[&str]| {
            names
                .iter()
                .find_map(|name| value.get(name)?.as_str())
                .map(str::to_owned)
        };
        let lacking = |name: &str| format!("the body has no {name}");
        let (id, event_type) = match &self.sender {
            Sender::Clerk(_) => (
                header("svix-id").or_else(|| header("webhook-id")),
                Some(member(&["type"]).ok_or_else(|| lacking("type"))?),
            ),
            Sender::Stripe(_) => (
                Some(member(&["id"]).ok_or_else(|| lacking("id"))?),
                Some(member(&["type"]).ok_or_else(|| lacking("type"))?),
            ),
            Sender::Hmac(hmac) => (
                hmac.id_header.as_deref().and_then(header),
                hmac.type_header
                    .as_deref()
                    .and_then(header)
                    .or_else(|| member(&["type", "event", "object"])),
            ),
        };
        let id = id.unwrap_or_else(|| format!("sha256:{}", hex(&Sha256::digest(body))));
        let event_type = event_type.unwrap_or_else(|| "unknown".to_owned());
        Ok((bounded(&id), bounded(&event_type)))
    }

    /// The tenant that an organization is.
    pub(super) fn tenant_of(&self, organization: &str) -> TenantId {
        let known = match &self.sender {
            Sender::Clerk(clerk) => clerk.organizations.get(organization).copied(),
            Sender::Stripe(_) | Sender::Hmac(_) => Some(self.tenant),
        };
        known.unwrap_or_else(|| {
            let digest = Sha256::digest(format!("annals.tenant\n{}\n{organization}", self.name));
            let mut bytes = [0; 16];
            bytes.copy_from_slice(&digest[..16]);
            TenantId::new(Ulid::from_bytes(bytes))
        })
    }

    /// Whether the organization's tenant is provisioned by others.
    pub(super) fn is_mapped(&self, organization: &str) -> bool {
        matches!(&self.sender, Sender::Clerk(clerk) if clerk.organizations.contains_key(organization))
    }
}

/// How long ids and types may be that a sender makes up.
const TEXT_BYTES: usize = 200;

fn bounded(text: &str) -> String {
    let clean: String = text.chars().filter(|character| !character.is_control()).collect();
    if clean.len() <= TEXT_BYTES && !clean.is_empty() {
        return clean;
    }
    format!("sha256:{}", hex(&Sha256::digest(text)))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}
