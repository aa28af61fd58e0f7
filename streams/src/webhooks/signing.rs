//! Signatures: `v1` is HMAC-SHA256, `v1a` Ed25519, over the id, the time and the body, with dots between
//! (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::webhook_endpoint::Scheme;
use ring::hmac;
use ring::signature::Ed25519KeyPair;

/// What signs messages.
pub enum Signer {
    /// Under a secret that the receiver has, too.
    Hmac(hmac::Key),
    /// Under a key whose public half the receiver has.
    Ed25519(Ed25519KeyPair),
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[secret]")
    }
}

impl Signer {
    /// The signer of a secret's 32 bytes.
    #[must_use]
    pub fn new(scheme: Scheme, secret: &[u8; 32]) -> Self {
        match scheme {
            Scheme::Hmac => Self::hmac(secret),
            Scheme::Ed25519 => {
                let pair = Ed25519KeyPair::from_seed_unchecked(secret);
                Self::Ed25519(pair.expect("32 bytes are a seed"))
            }
        }
    }

    /// A signer under a symmetric key of any length.
    #[must_use]
    pub fn hmac(key: &[u8]) -> Self {
        Self::Hmac(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// The signature of a message as the header has it, for instance `v1,K5oZ...`.
    #[must_use]
    pub fn sign(&self, id: &str, timestamp_s: i64, body: &[u8]) -> String {
        let message = [format!("{id}.{timestamp_s}.").as_bytes(), body].concat();
        match self {
            Self::Hmac(key) => format!("v1,{}", STANDARD.encode(hmac::sign(key, &message))),
            Self::Ed25519(pair) => format!("v1a,{}", STANDARD.encode(pair.sign(&message))),
        }
    }
}
