//! What is known of a secret.

use crate::kernel::{is_sha256_hex, text_type};

text_type!(
    /// The SHA-256 of a connector's credentials, in 64 lower-case hexadecimal digits: never the secret itself.
    Fingerprint,
    is_sha256_hex,
    "a SHA-256 fingerprint in 64 hexadecimal digits (0-9, a-f)"
);
