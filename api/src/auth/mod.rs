//! Who asks: bearer tokens, looked up by their hash.

mod authenticator;
mod cache;
mod identity;
mod layer;
mod lookup;
mod token;

pub use authenticator::Authenticator;
pub use identity::{Denied, Identity};
pub use layer::{authenticate, protect};
pub use token::{TokenSource, token_hash};

pub(crate) use authenticator::Revocations;
pub(crate) use layer::{TENANT_HEADER, identify};
pub(crate) use token::FreshToken;
