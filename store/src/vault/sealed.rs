//! One sealed value: XChaCha20-Poly1305 under a data key, bound to the place where it lies.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use sha2::{Digest as _, Sha256};

use super::{DataKey, VaultError};

const VERSION: &str = "v1";
const NONCE: usize = 24;

/// Where a value lies: what its seal is bound to. A value that is moved elsewhere does not open.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spot<'a> {
    pub(crate) tenant: &'a str,
    pub(crate) aggregate_type: &'a str,
    /// `<tenant>:<id>`.
    pub(crate) stored_id: &'a str,
    pub(crate) event_type: &'a str,
    pub(crate) field: &'a str,
}

impl Spot<'_> {
    fn associated(&self, key_id: &str) -> Vec<u8> {
        let mut out = Vec::with_capacity(160);
        let parts = [
            "annals.sealed.1",
            self.tenant,
            self.aggregate_type,
            self.stored_id,
            self.event_type,
            self.field,
            key_id,
        ];
        for part in parts {
            out.extend((part.len() as u64).to_be_bytes());
            out.extend(part.as_bytes());
        }
        out
    }
}

/// Seals the JSON of a value. `once` is unique in the log (the event's id), and so the nonce, which is made of it, the
/// key, the place and the value, is used once.
pub(super) fn seal(
    (key_id, key): (&str, &DataKey),
    spot: Spot<'_>,
    once: &str,
    value: &str,
) -> Result<String, VaultError> {
    let aad = spot.associated(key_id);
    let mut hasher = Sha256::new();
    for part in [
        b"annals.nonce.1".as_slice(),
        key.as_slice(),
        once.as_bytes(),
        &aad,
        value.as_bytes(),
    ] {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    let nonce = &hasher.finalize()[..NONCE];
    let message = Payload {
        msg: value.as_bytes(),
        aad: &aad,
    };
    let sealed = XChaCha20Poly1305::new(key.as_slice().into()).encrypt(XNonce::from_slice(nonce), message);
    let sealed = sealed.map_err(|_| VaultError::Broken {
        field: spot.field.to_owned(),
    })?;
    Ok(format!(
        "{VERSION}.{key_id}.{}",
        BASE64.encode([nonce, &sealed].concat())
    ))
}

/// The id of the key with which a value is sealed.
pub(super) fn key_id(sealed: &str) -> Option<&str> {
    let (version, rest) = sealed.split_once('.')?;
    let (key_id, _) = rest.split_once('.')?;
    (version == VERSION && key_id.len() == 26).then_some(key_id)
}

/// The JSON of a value.
pub(super) fn open(key: &DataKey, spot: Spot<'_>, sealed: &str) -> Result<String, VaultError> {
    let broken = || VaultError::Broken {
        field: spot.field.to_owned(),
    };
    let key_id = key_id(sealed).ok_or_else(broken)?;
    let (_, text) = sealed.rsplit_once('.').ok_or_else(broken)?;
    let bytes = BASE64.decode(text).map_err(|_| broken())?;
    let (nonce, msg) = bytes.split_at_checked(NONCE).ok_or_else(broken)?;
    let aad = spot.associated(key_id);
    let cipher = XChaCha20Poly1305::new(key.as_slice().into());
    let value = cipher.decrypt(XNonce::from_slice(nonce), Payload { msg, aad: &aad });
    String::from_utf8(value.map_err(|_| broken())?).map_err(|_| broken())
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    const KEY: &str = "01KJQ6PSG0000000800000000A";

    fn spot() -> Spot<'static> {
        Spot {
            tenant: "T",
            aggregate_type: "lead",
            stored_id: "T:l1",
            event_type: "lead.captured",
            field: "name",
        }
    }

    #[test]
    fn a_sealed_value_opens_with_its_key_in_its_place_and_nowhere_else() {
        let key = Zeroizing::new([7; 32]);
        let sealed = seal((KEY, &key), spot(), "e1", r#""Ada""#).unwrap();
        assert_eq!(key_id(&sealed), Some(KEY));
        assert_eq!(open(&key, spot(), &sealed).unwrap(), r#""Ada""#);
        let moved = [
            Spot {
                tenant: "U",
                ..spot()
            },
            Spot {
                stored_id: "T:l2",
                ..spot()
            },
            Spot {
                aggregate_type: "member",
                ..spot()
            },
            Spot {
                event_type: "lead.enriched",
                ..spot()
            },
            Spot {
                field: "email",
                ..spot()
            },
        ];
        for elsewhere in moved {
            assert!(open(&key, elsewhere, &sealed).is_err(), "{elsewhere:?}");
        }
        assert!(open(&Zeroizing::new([8; 32]), spot(), &sealed).is_err());
        for cut in 0..sealed.len() {
            assert!(open(&key, spot(), &sealed[..cut]).is_err(), "{cut}");
        }
        let relabeled = sealed.replacen(KEY, "01KJQ6PSG0000000800000000B", 1);
        assert!(open(&key, spot(), &relabeled).is_err());
    }

    #[test]
    fn the_same_value_in_another_event_is_sealed_otherwise() {
        let key = Zeroizing::new([7; 32]);
        let one = seal((KEY, &key), spot(), "e1", r#""Ada""#).unwrap();
        assert_ne!(one, seal((KEY, &key), spot(), "e2", r#""Ada""#).unwrap());
    }
}
