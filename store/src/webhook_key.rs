//! The installation's key of which endpoints' secrets are made: the database alone gives none away.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::TenantId;
use domain::webhook_endpoint::{Scheme, Secret};
use ring::hmac;
use ring::signature::{Ed25519KeyPair, KeyPair as _};

/// The key of which secrets are made; it lies beside the database, never in it.
#[derive(Clone)]
pub struct WebhookKey(hmac::Key);

impl WebhookKey {
    /// The key with these bytes.
    #[must_use]
    pub fn new(bytes: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// The 32 bytes of an endpoint's secret of this name: an HMAC's key, or an Ed25519 seed.
    #[must_use]
    pub fn secret(&self, tenant: TenantId, endpoint: &str, secret: &str) -> [u8; 32] {
        let message = format!("annals webhook secret 1\n{tenant}\n{endpoint}\n{secret}");
        let mut bytes = [0; 32];
        bytes.copy_from_slice(hmac::sign(&self.0, message.as_bytes()).as_ref());
        bytes
    }

    /// What a receiver verifies with, as Standard Webhooks writes it: `whsec_` and the secret, or `whpk_` and the public
    /// key, in base64.
    #[must_use]
    pub fn shown(&self, tenant: TenantId, endpoint: &str, secret: &Secret) -> String {
        let bytes = self.secret(tenant, endpoint, &secret.id);
        match secret.scheme {
            Scheme::Hmac => format!("whsec_{}", STANDARD.encode(bytes)),
            Scheme::Ed25519 => {
                let pair = Ed25519KeyPair::from_seed_unchecked(&bytes).expect("32 bytes are a seed");
                format!("whpk_{}", STANDARD.encode(pair.public_key()))
            }
        }
    }
}

impl fmt::Debug for WebhookKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}
