//! Tokens: `annals_` and 32 random bytes as base64url; only their SHA-256 is kept.

use sha2::{Digest, Sha256};

const PREFIX: &str = "annals_";
const SECRET_CHARACTERS: usize = 43;
const SHOWN_CHARACTERS: usize = 8;

/// Makes secrets: only the program's edge does.
pub trait TokenSource: Send + Sync {
    /// `annals_` and 32 random bytes as 43 characters of base64url, which nobody can guess.
    fn token(&self) -> String;
}

/// A token that was made just now; it is shown once.
pub(crate) struct FreshToken {
    pub(crate) token: String,
    pub(crate) hash: String,
    /// The secret's first characters, to recognise it.
    pub(crate) shown: String,
}

impl FreshToken {
    pub(crate) fn of(token: String) -> Self {
        Self {
            hash: token_hash(&token),
            shown: token.chars().skip(PREFIX.len()).take(SHOWN_CHARACTERS).collect(),
            token,
        }
    }
}

/// SHA-256 of a token, in 64 lower-case hexadecimal digits.
#[must_use]
pub fn token_hash(token: &str) -> String {
    hex::encode(Sha256::digest(token))
}

/// Whether a text could be an API key's token.
pub(crate) fn is_api_key(token: &str) -> bool {
    token.strip_prefix(PREFIX).is_some_and(|secret| {
        secret.len() == SECRET_CHARACTERS
            && secret
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    })
}

/// Whether a text could be a token of the identity provider.
pub(super) fn looks_like_jwt(token: &str) -> bool {
    token.split('.').count() == 3
}

#[cfg(test)]
mod tests {
    use super::{FreshToken, is_api_key, token_hash};

    #[test]
    fn a_fresh_token_is_recognised_by_its_form_and_its_hash() {
        let fresh = FreshToken::of(format!("annals_{}", "aB-_9".repeat(9)[..43].to_owned()));
        assert!(is_api_key(&fresh.token), "{}", fresh.token);
        assert_eq!(token_hash(&fresh.token), fresh.hash);
        assert_eq!(fresh.shown, "aB-_9aB-");
        for wrong in ["", "annals_", "annals_short", "secret", &fresh.token[1..]] {
            assert!(!is_api_key(wrong), "{wrong}");
        }
    }
}
