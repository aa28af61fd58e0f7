//! The schemes by which senders sign. All compare in constant time.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use jiff::{SignedDuration, Timestamp};
use ring::hmac;

/// Base64 with its padding, or without it.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Why a message is not taken for the sender's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Unsigned {
    /// A header that the scheme needs.
    #[error("the header {header} is missing")]
    #[strum(serialize = "signature_missing")]
    Missing {
        /// Which.
        header: String,
    },
    /// A header that is not of the scheme's form.
    #[error("{0} can't be read")]
    #[strum(serialize = "signature_unreadable")]
    Unreadable(&'static str),
    /// A signed time that is too far from now.
    #[error("it was signed {0} s away from now, which is too far")]
    #[strum(serialize = "signature_old")]
    Old(i64),
    /// A signature that none of the secrets made.
    #[error("the signature is not of these bytes under any of the source's secrets")]
    #[strum(serialize = "signature_wrong")]
    Wrong,
}

/// How a signature's bytes are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// In hexadecimal digits.
    Hex,
    /// In base64.
    Base64,
}

impl Encoding {
    fn decode(self, text: &str) -> Option<Vec<u8>> {
        match self {
            Self::Base64 => LENIENT.decode(text).ok(),
            Self::Hex => unhex(text),
        }
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    let digits = text.as_bytes().chunks(2);
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    digits.map(byte).collect()
}

fn near(seconds: &str, tolerance: Duration, now: Timestamp) -> Result<(), Unsigned> {
    let seconds: i64 = seconds
        .parse()
        .map_err(|_| Unsigned::Unreadable("the signed time"))?;
    let signed_at = Timestamp::from_second(seconds).map_err(|_| Unsigned::Unreadable("the signed time"))?;
    let away = now.duration_since(signed_at).abs();
    if away > SignedDuration::try_from(tolerance).unwrap_or(SignedDuration::MAX) {
        return Err(Unsigned::Old(away.as_secs()));
    }
    Ok(())
}

fn is_signed(key: &[u8], message: &[u8], signatures: &[Vec<u8>]) -> bool {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    signatures
        .iter()
        .any(|signature| hmac::verify(&key, message, signature).is_ok())
}

/// Svix's, and so Clerk's: <https://docs.svix.com/receiving/verifying-payloads/how-manual>.
pub(super) mod svix {
    use base64::Engine as _;

    use super::{Duration, LENIENT, Timestamp, Unsigned, is_signed, near};

    /// What the headers say.
    pub(in super::super) struct Signed<'a> {
        pub(in super::super) id: &'a str,
        pub(in super::super) timestamp: &'a str,
        /// Separated by spaces, each a version and its bytes in base64: `v1,...`.
        pub(in super::super) signatures: &'a str,
    }

    impl Signed<'_> {
        pub(in super::super) fn verify(
            &self,
            secrets: &[String],
            body: &[u8],
            tolerance: Duration,
            now: Timestamp,
        ) -> Result<(), Unsigned> {
            near(self.timestamp, tolerance, now)?;
            let of_version = |signature: &str| LENIENT.decode(signature.strip_prefix("v1,")?).ok();
            let signatures: Vec<_> = self.signatures.split(' ').filter_map(of_version).collect();
            let message = [format!("{}.{}.", self.id, self.timestamp).as_bytes(), body].concat();
            let signs = |secret: &String| {
                let secret = secret.strip_prefix("whsec_").unwrap_or(secret);
                LENIENT
                    .decode(secret)
                    .is_ok_and(|key| is_signed(&key, &message, &signatures))
            };
            if secrets.iter().any(signs) {
                return Ok(());
            }
            Err(Unsigned::Wrong)
        }
    }
}

/// Stripe's: <https://docs.stripe.com/webhooks#verify-manually>.
pub(super) mod stripe {
    use super::{Duration, Timestamp, Unsigned, is_signed, near, unhex};

    pub(in super::super) fn verify(
        header: &str,
        secrets: &[String],
        body: &[u8],
        tolerance: Duration,
        now: Timestamp,
    ) -> Result<(), Unsigned> {
        let parts = || header.split(',').filter_map(|part| part.trim().split_once('='));
        let timestamp = parts().find(|(name, _)| *name == "t");
        let (_, timestamp) = timestamp.ok_or(Unsigned::Unreadable("Stripe-Signature"))?;
        near(timestamp, tolerance, now)?;
        let of_version = |(name, value): (&str, &str)| unhex(value).filter(|_| name == "v1");
        let signatures: Vec<_> = parts().filter_map(of_version).collect();
        let message = [format!("{timestamp}.").as_bytes(), body].concat();
        let signs = |secret: &String| is_signed(secret.as_bytes(), &message, &signatures);
        if secrets.iter().any(signs) {
            return Ok(());
        }
        Err(Unsigned::Wrong)
    }
}

/// An HMAC of the body alone, as GitHub and Meta sign.
pub(super) mod hub {
    use super::super::source::Hmac;
    use super::{Unsigned, is_signed};

    pub(in super::super) fn verify(
        header: &str,
        scheme: &Hmac,
        secrets: &[String],
        body: &[u8],
    ) -> Result<(), Unsigned> {
        let unreadable = Unsigned::Unreadable("the signature");
        let signature = header.strip_prefix(&scheme.prefix).ok_or(unreadable.clone())?;
        let signature = scheme.encoding.decode(signature.trim()).ok_or(unreadable)?;
        let signs = |secret: &String| is_signed(secret.as_bytes(), body, std::slice::from_ref(&signature));
        if secrets.iter().any(signs) {
            return Ok(());
        }
        Err(Unsigned::Wrong)
    }
}

/// Tells whether two words are the same, in a time that says nothing of where they differ.
pub(super) fn is_same_word(one: &str, other: &str) -> bool {
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"annals.webhooks");
    hmac::verify(&key, one.as_bytes(), hmac::sign(&key, other.as_bytes()).as_ref()).is_ok()
}
