//! Why a token of the identity provider is turned away.

/// What is wrong with a token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadToken {
    /// It has not three parts of base64url with JSON objects in the first two, or is too long.
    #[error("it is not a JWT: {0}")]
    Unreadable(&'static str),
    /// Signed in a way that is not taken, or not at all.
    #[error("it is signed with {0:?}; RS256, ES256 and EdDSA are taken")]
    Algorithm(String),
    /// It wants something to be understood that is not.
    #[error("its header is marked critical (`crit`) beyond what is understood here")]
    Critical,
    /// It does not name its key, and the issuer has several that would fit.
    #[error("it names no key (`kid`), and the issuer has not just one for {0}")]
    NoKeyNamed(&'static str),
    /// The issuer has no such key.
    #[error("the issuer has no key {0:?} for its algorithm (any more)")]
    UnknownKey(String),
    /// Somebody else made it, or it was changed.
    #[error("its signature is wrong")]
    Signature,
    /// Another issuer.
    #[error("its issuer (`iss`) is not the one that is trusted here")]
    Issuer,
    /// For somebody else.
    #[error("its audience (`aud`) is none that is meant here")]
    Audience,
    /// It is over.
    #[error("it has expired (`exp`)")]
    Expired,
    /// It has not begun.
    #[error("it is not valid yet (`nbf`)")]
    NotYet,
    /// A claim is missing, or is not what it should be.
    #[error("its claim `{0}` is missing or is not {1}")]
    Claim(String, &'static str),
}
