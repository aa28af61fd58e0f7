//! Who asks: bearer tokens, and what is open to whom.

mod authenticator;
mod cache;
mod calls;
mod hosts;
mod identity;
mod jwt;
mod layer;
mod lookup;
mod recorder;
mod revocations;
mod role;
mod subject;
mod table;
mod token;
mod witness;

pub use authenticator::Authenticator;
pub use hosts::Hosts;
pub use identity::{Denied, Identity};
pub use jwt::{BadToken, JwtClaims, JwtOptions, KeySetSource};
pub use layer::{authenticate, protect, protect_read, telling_exports};
pub use recorder::RecordEvery;
pub use role::Role;
pub use token::{TokenSource, token_hash};
pub(crate) use witness::RefusedCommand;

pub(crate) use authenticator::Credentials;
pub(crate) use layer::{TENANT_HEADER, denied_response, identify};
pub(crate) use revocations::Revocations;
pub(crate) use table::{may_ask, may_see};
pub(crate) use token::FreshToken;
