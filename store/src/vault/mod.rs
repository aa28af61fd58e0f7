//! The vault: personal fields are sealed before they reach the log, and opened when it is read.
//!
//! Reading order: `master` (who wraps data keys), `sealed` (one sealed value), `fields` (a payload's members),
//! `keys` (where data keys lie), `turn` (who asks for keys), `vault` (the whole, with its cache), `rotation` (a new
//! master key).

mod error;
mod fields;
mod keys;
mod local;
mod master;
mod opened;
mod rotation;
mod sealed;
mod turn;
#[expect(clippy::module_inception, reason = "it is the vault itself")]
mod vault;

pub use error::VaultError;
pub use local::LocalKeys;
pub use master::{DataKey, KeyPlace, MasterKeyId, MasterKeys};
pub use rotation::{Rotated, rotate_master_key, wrapped_by};
pub use vault::Vault;

pub(crate) use fields::held;
pub(crate) use opened::Opened;
pub(crate) use sealed::Spot;
pub use vault::erases;
pub(crate) use vault::{check_clear, head_without_keys};
