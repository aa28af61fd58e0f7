//! A JSON web key set (RFC 7517), and signatures checked by it. A key is good for the one algorithm of its
//! type, whatever the token says, so that no public key is ever taken for a secret.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::Deserialize;
use serde_json::Value;

use super::BadToken;

/// The ways of signing that are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
pub(super) enum Algorithm {
    #[strum(serialize = "RS256")]
    Rs256,
    #[strum(serialize = "ES256")]
    Es256,
    #[strum(serialize = "EdDSA")]
    EdDsa,
}

impl Algorithm {
    /// The algorithm that a token names; `Ed25519` is RFC 9864's name for EdDSA with that curve.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "RS256" => Some(Self::Rs256),
            "ES256" => Some(Self::Es256),
            "EdDSA" | "Ed25519" => Some(Self::EdDsa),
            _ => None,
        }
    }
}

/// The issuer's keys of the types that are taken.
#[derive(Debug)]
pub(super) struct KeySet(Vec<PublicKey>);

#[derive(Debug)]
struct PublicKey {
    kid: Option<String>,
    material: Material,
}

#[derive(Debug)]
enum Material {
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
    /// An uncompressed point.
    P256(Vec<u8>),
    Ed25519(Vec<u8>),
}

/// A key as it is published (RFC 7517, 7518 and 8037).
#[derive(Deserialize)]
struct Published {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl KeySet {
    /// Reads a set; keys of other types and for other purposes are left out.
    pub(super) fn read(text: &[u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Set {
            keys: Vec<Value>,
        }
        let set: Set =
            serde_json::from_slice(text).map_err(|error| format!("this is no key set: {error}"))?;
        let keys = set.keys.into_iter();
        let keys: Vec<PublicKey> = keys.filter_map(PublicKey::read).collect();
        if keys.is_empty() {
            return Err("the key set has no key for RS256, ES256 or EdDSA".to_owned());
        }
        Ok(Self(keys))
    }

    /// Whether the set has the key that a token names, or may do without a name.
    pub(super) fn has(&self, kid: Option<&str>) -> bool {
        kid.is_none_or(|kid| self.0.iter().any(|key| key.kid.as_deref() == Some(kid)))
    }

    /// Checks a signature by the key that the token names, or by the only one of its algorithm.
    pub(super) fn verify(
        &self,
        algorithm: Algorithm,
        kid: Option<&str>,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), BadToken> {
        let mut fitting = self.0.iter().filter(|key| {
            key.material.algorithm() == algorithm && (kid.is_none() || key.kid.as_deref() == kid)
        });
        let key = match (kid, fitting.next(), fitting.next()) {
            (_, Some(key), None) | (Some(_), Some(key), Some(_)) => key,
            (Some(kid), None, _) => return Err(BadToken::UnknownKey(kid.to_owned())),
            (None, ..) => return Err(BadToken::NoKeyNamed(algorithm.into())),
        };
        key.material.verify(message, signature)
    }
}

impl PublicKey {
    fn read(value: Value) -> Option<Self> {
        let published: Published = serde_json::from_value(value).ok()?;
        if published
            .purpose
            .as_deref()
            .is_some_and(|purpose| purpose != "sig")
        {
            return None;
        }
        let material = match (published.kty.as_str(), published.crv.as_deref()) {
            ("RSA", _) => Material::Rsa {
                modulus: decoded(published.n.as_deref())?,
                exponent: decoded(published.e.as_deref())?,
            },
            ("EC", Some("P-256")) => {
                let (x, y) = (decoded(published.x.as_deref())?, decoded(published.y.as_deref())?);
                Material::P256([&[4], x.as_slice(), y.as_slice()].concat())
            }
            ("OKP", Some("Ed25519")) => Material::Ed25519(decoded(published.x.as_deref())?),
            _ => return None,
        };
        let is_for = |alg: &str| Algorithm::named(alg) == Some(material.algorithm());
        published.alg.as_deref().is_none_or(is_for).then_some(Self {
            kid: published.kid,
            material,
        })
    }
}

impl Material {
    const fn algorithm(&self) -> Algorithm {
        match self {
            Self::Rsa { .. } => Algorithm::Rs256,
            Self::P256(_) => Algorithm::Es256,
            Self::Ed25519(_) => Algorithm::EdDsa,
        }
    }

    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), BadToken> {
        let verified = match self {
            Self::Rsa { modulus, exponent } => RsaPublicKeyComponents {
                n: modulus,
                e: exponent,
            }
            .verify(&RSA_PKCS1_2048_8192_SHA256, message, signature),
            Self::P256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature)
            }
            Self::Ed25519(key) => UnparsedPublicKey::new(&ED25519, key).verify(message, signature),
        };
        verified.map_err(|_| BadToken::Signature)
    }
}

fn decoded(text: Option<&str>) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text?.trim_end_matches('=')).ok()
}

#[cfg(test)]
mod tests {
    use super::{Algorithm, KeySet};
    use crate::auth::BadToken;

    // RFC 8037, appendix A.
    const ED25519: &str =
        r#"{"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    const SIGNED: &str = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    const SIGNATURE: &str =
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

    fn set(keys: &[&str]) -> KeySet {
        KeySet::read(format!("{{\"keys\":[{}]}}", keys.join(",")).as_bytes()).unwrap()
    }

    #[test]
    fn the_rfcs_own_signature_is_right_and_a_changed_one_is_not() {
        let mut signature = super::decoded(Some(SIGNATURE)).unwrap();
        let keys = set(&[ED25519]);
        let verify = |kid, signature: &[u8]| keys.verify(Algorithm::EdDsa, kid, SIGNED.as_bytes(), signature);
        assert_eq!(verify(Some("a"), &signature), Ok(()));
        assert_eq!(verify(None, &signature), Ok(()), "there is one key only");
        assert_eq!(
            verify(Some("b"), &signature),
            Err(BadToken::UnknownKey("b".into()))
        );
        signature[0] ^= 1;
        assert_eq!(verify(Some("a"), &signature), Err(BadToken::Signature));
    }

    #[test]
    fn a_key_serves_its_own_algorithm_and_one_of_several_must_be_named() {
        let other = ED25519.replace("\"a\"", "\"b\"");
        let keys = set(&[ED25519, &other]);
        assert_eq!(
            keys.verify(Algorithm::EdDsa, None, b"", b""),
            Err(BadToken::NoKeyNamed("EdDSA"))
        );
        assert_eq!(
            keys.verify(Algorithm::Rs256, Some("a"), b"", b""),
            Err(BadToken::UnknownKey("a".into()))
        );
    }

    #[test]
    fn keys_for_encryption_or_of_other_types_are_left_out_and_a_set_of_such_is_none() {
        for wrong in [
            "{}",
            "[]",
            r#"{"keys":[]}"#,
            r#"{"keys":[{"kty":"oct","k":"c2VjcmV0"},{"kty":"EC","crv":"P-384","x":"AA","y":"AA"}]}"#,
            &format!(
                "{{\"keys\":[{}]}}",
                ED25519.replace("\"kid\"", "\"use\":\"enc\",\"kid\"")
            ),
            &format!(
                "{{\"keys\":[{}]}}",
                ED25519.replace("\"kid\"", "\"alg\":\"HS256\",\"kid\"")
            ),
        ] {
            assert!(KeySet::read(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
