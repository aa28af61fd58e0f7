//! A token from its text to its claims (RFC 7519): signature first, then who made it, for whom, and until when.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::claims::words;
use super::key_ring::KeyRing;
use super::keys::Algorithm;
use super::{BadToken, Claims, JwtClaims, KeySetSource};
use crate::auth::Denied;

const BYTES_AT_MOST: usize = 16 * 1024;

/// Whose tokens are taken, and how they are read.
#[derive(Clone)]
pub struct JwtOptions {
    /// The claim `iss` of every token.
    pub issuer: String,
    /// One of these must be in `aud`; where there are none, `aud` is not looked at.
    pub audience: Vec<String>,
    /// By how much the issuer's clock may differ.
    pub leeway: Duration,
    /// Which claims tell what.
    pub claims: JwtClaims,
    /// The tenant of every token, by id or short name, where the tokens name none.
    pub tenant: Option<String>,
    /// Where the issuer's keys come from.
    pub keys: Arc<dyn KeySetSource>,
    /// After which time the keys are fetched again.
    pub keys_fresh_for: Duration,
    /// How long after a fetch no unknown key leads to another.
    pub keys_cool_down: Duration,
}

impl JwtOptions {
    /// The defaults for an issuer: no audience, a minute of leeway, keys fetched every ten minutes and at most
    /// every half.
    #[must_use]
    pub fn new(issuer: impl Into<String>, keys: Arc<dyn KeySetSource>) -> Self {
        Self {
            issuer: issuer.into(),
            audience: Vec::new(),
            leeway: Duration::from_secs(60),
            claims: JwtClaims::default(),
            tenant: None,
            keys,
            keys_fresh_for: Duration::from_secs(600),
            keys_cool_down: Duration::from_secs(30),
        }
    }
}

/// Checks the tokens of one issuer.
pub(crate) struct Jwt {
    pub(crate) options: JwtOptions,
    keys: Arc<KeyRing>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<Value>,
}

/// A token taken apart; nothing of it is to be believed yet.
struct Parts<'t> {
    header: Header,
    algorithm: Algorithm,
    claims: Map<String, Value>,
    signed: &'t str,
    signature: Vec<u8>,
}

impl Jwt {
    pub(crate) fn new(options: JwtOptions) -> Self {
        let keys = KeyRing::new(
            Arc::clone(&options.keys),
            options.keys_fresh_for,
            options.keys_cool_down,
        );
        Self {
            options,
            keys: Arc::new(keys),
        }
    }

    /// The claims of a token whose signature is good; whether the token is, [`Jwt::judge`] says.
    pub(crate) async fn signed_claims(&self, token: &str) -> Result<Claims, Denied> {
        let parts = Parts::of(token)?;
        let kid = parts.header.kid.as_deref();
        let keys = self.keys.keys(kid).await.ok_or(Denied::NoIssuerKeys)?;
        keys.verify(parts.algorithm, kid, parts.signed.as_bytes(), &parts.signature)?;
        Ok(Claims(parts.claims))
    }

    /// Refuses claims that are not this issuer's, for us, and of `now` (seconds since 1970); tells until when they
    /// are good, the leeway included.
    pub(crate) fn judge(&self, Claims(claims): &Claims, now: i64) -> Result<i64, BadToken> {
        let options = &self.options;
        if claims.get("iss").and_then(Value::as_str) != Some(options.issuer.as_str()) {
            return Err(BadToken::Issuer);
        }
        if !options.audience.is_empty() {
            let meant = match claims.get("aud") {
                // A single audience may hold spaces (RFC 7519, 4.1.3).
                Some(Value::String(one)) => vec![one.clone()],
                Some(many @ Value::Array(_)) => words(many),
                _ => Vec::new(),
            };
            if !meant.iter().any(|meant| options.audience.contains(meant)) {
                return Err(BadToken::Audience);
            }
        }
        let leeway = i64::try_from(options.leeway.as_secs()).unwrap_or(i64::MAX);
        let expires = seconds(claims, "exp")?.ok_or(BadToken::Claim("exp".to_owned(), "a number"))?;
        let good_until = expires.saturating_add(leeway);
        if now >= good_until {
            return Err(BadToken::Expired);
        }
        if seconds(claims, "nbf")?.is_some_and(|begins| now < begins.saturating_sub(leeway)) {
            return Err(BadToken::NotYet);
        }
        Ok(good_until)
    }
}

impl<'t> Parts<'t> {
    fn of(token: &'t str) -> Result<Self, BadToken> {
        if token.len() > BYTES_AT_MOST {
            return Err(BadToken::Unreadable("it has more than 16384 bytes"));
        }
        let wrong = BadToken::Unreadable("three parts of base64url with dots between are needed");
        let (signed, signature) = token.rsplit_once('.').ok_or(wrong.clone())?;
        let (header, claims) = signed.split_once('.').ok_or(wrong.clone())?;
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| wrong.clone());
        let header: Header = serde_json::from_slice(&decode(header)?)
            .map_err(|_| BadToken::Unreadable("its header is no JSON object with `alg`"))?;
        let algorithm =
            Algorithm::named(&header.alg).ok_or_else(|| BadToken::Algorithm(header.alg.clone()))?;
        if header.crit.is_some() {
            return Err(BadToken::Critical);
        }
        let claims = serde_json::from_slice(&decode(claims)?)
            .map_err(|_| BadToken::Unreadable("its claims are no JSON object"))?;
        Ok(Self {
            header,
            algorithm,
            claims,
            signed,
            signature: decode(signature)?,
        })
    }
}

/// A moment in a claim (RFC 7519's NumericDate), its fraction cut off.
fn seconds(claims: &Map<String, Value>, name: &str) -> Result<Option<i64>, BadToken> {
    let Some(value) = claims.get(name) else {
        return Ok(None);
    };
    let whole = value.as_i64().or_else(|| {
        let text = value.as_f64()?.trunc().to_string();
        text.parse().ok()
    });
    whole
        .map(Some)
        .ok_or_else(|| BadToken::Claim(name.to_owned(), "a number"))
}
