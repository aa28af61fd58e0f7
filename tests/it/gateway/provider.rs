//! An identity provider on this machine: keys made here, published over HTTP, and tokens signed with them.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use annals::key_set::HttpKeySet;
use api::JwtOptions;
use axum::Router;
use axum::extract::State;
use axum::response::Json;
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub(crate) const ISSUER: &str = "https://idp.example";

/// A private key.
pub(crate) enum Signer {
    Ed25519(Ed25519KeyPair),
    P256(EcdsaKeyPair),
    Rsa(RsaKeyPair),
}

impl Signer {
    pub(crate) fn ed25519() -> Self {
        let made = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self::Ed25519(Ed25519KeyPair::from_pkcs8(made.as_ref()).unwrap())
    }

    pub(crate) fn p256() -> Self {
        let (way, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let made = EcdsaKeyPair::generate_pkcs8(way, &random).unwrap();
        Self::P256(EcdsaKeyPair::from_pkcs8(way, made.as_ref(), &random).unwrap())
    }

    /// The library that signs makes no RSA keys, so this one lies in a file.
    pub(crate) fn rsa() -> Self {
        let lines = include_str!("../../fixtures/rsa_2048.pem").lines();
        let text: String = lines.filter(|line| !line.starts_with('-')).collect();
        Self::Rsa(RsaKeyPair::from_pkcs8(&STANDARD.decode(text).unwrap()).unwrap())
    }

    fn algorithm(&self) -> &'static str {
        match self {
            Self::Ed25519(_) => "EdDSA",
            Self::P256(_) => "ES256",
            Self::Rsa(_) => "RS256",
        }
    }

    /// The public key as a set holds it.
    pub(crate) fn published(&self, kid: &str) -> Value {
        match self {
            Self::Ed25519(key) => {
                json!({ "kty": "OKP", "crv": "Ed25519", "kid": kid, "x": encoded(key.public_key().as_ref()) })
            }
            Self::P256(key) => {
                let point = &key.public_key().as_ref()[1..];
                let (x, y) = point.split_at(32);
                json!({ "kty": "EC", "crv": "P-256", "kid": kid, "x": encoded(x), "y": encoded(y), "use": "sig" })
            }
            Self::Rsa(key) => {
                let public = PublicKeyComponents::<Vec<u8>>::from(key.public());
                let (n, e) = (public.n, public.e);
                json!({ "kty": "RSA", "kid": kid, "alg": "RS256", "n": encoded(&n), "e": encoded(&e) })
            }
        }
    }

    /// A token with this header besides the algorithm.
    pub(crate) fn token(&self, header: &Value, claims: &Value) -> String {
        let mut whole = json!({ "alg": self.algorithm(), "typ": "JWT" });
        for (name, value) in header.as_object().unwrap() {
            whole[name] = value.clone();
        }
        let signed = unsigned(&whole, claims);
        let signature = match self {
            Self::Ed25519(key) => key.sign(signed.as_bytes()).as_ref().to_vec(),
            Self::P256(key) => {
                let signature = key.sign(&SystemRandom::new(), signed.as_bytes());
                signature.unwrap().as_ref().to_vec()
            }
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                let random = SystemRandom::new();
                key.sign(&RSA_PKCS1_SHA256, &random, signed.as_bytes(), &mut signature)
                    .unwrap();
                signature
            }
        };
        format!("{signed}.{}", encoded(&signature))
    }
}

/// A token's first two parts.
pub(crate) fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| encoded(value.to_string().as_bytes());
    format!("{}.{}", part(header), part(claims))
}

pub(crate) fn encoded(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

#[derive(Default)]
struct Published {
    keys: Mutex<Vec<Value>>,
    asked: AtomicU64,
}

/// A running provider.
pub(crate) struct Provider {
    address: SocketAddr,
    published: Arc<Published>,
    server: JoinHandle<()>,
}

impl Provider {
    pub(crate) async fn start(keys: Vec<Value>) -> Self {
        let published = Arc::new(Published::default());
        *published.keys.lock().unwrap() = keys;
        let answer = |State(published): State<Arc<Published>>| async move {
            published.asked.fetch_add(1, Ordering::SeqCst);
            let keys = published.keys.lock().unwrap().clone();
            Json(json!({ "keys": keys }))
        };
        let router = Router::new()
            .route("/jwks", get(answer))
            .with_state(Arc::clone(&published));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            address,
            published,
            server,
        }
    }

    /// The keys that are published from now on.
    pub(crate) fn publish(&self, keys: Vec<Value>) {
        *self.published.keys.lock().unwrap() = keys;
    }

    /// How often the keys were asked for.
    pub(crate) fn asked(&self) -> u64 {
        self.published.asked.load(Ordering::SeqCst)
    }

    /// Nobody answers any more.
    pub(crate) async fn stop(&mut self) {
        self.server.abort();
        drop((&mut self.server).await);
    }

    /// What a gateway that trusts it is set to: no cool-down, no leeway.
    pub(crate) fn options(&self) -> JwtOptions {
        let keys = HttpKeySet::try_new(&format!("http://{}/jwks", self.address), None).unwrap();
        let mut options = JwtOptions::new(ISSUER, Arc::new(keys));
        options.leeway = Duration::ZERO;
        options.keys_cool_down = Duration::ZERO;
        options
    }
}
