//! JSON web tokens of an identity provider: checked by its published keys, read by the settings.

mod bad_token;
mod claims;
mod key_ring;
mod keys;
mod verify;

pub use bad_token::BadToken;
pub use claims::JwtClaims;
pub use key_ring::KeySetSource;
pub use verify::JwtOptions;

pub(crate) use claims::Claims;
pub(crate) use verify::Jwt;
