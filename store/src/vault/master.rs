//! Master keys: they wrap data keys, and are never in PostgreSQL.

use std::fmt;
use std::str::FromStr;

use domain::TenantId;
use futures::future::BoxFuture;
use zeroize::Zeroizing;

use super::VaultError;

/// 32 secret bytes that seal the values of one subject; they are wiped when they are dropped.
pub type DataKey = Zeroizing<[u8; 32]>;

/// A master key's name: it tells which one wrapped a data key, and nothing about the key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MasterKeyId(String);

impl MasterKeyId {
    /// The name as text: 1 to 200 characters without spaces.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for MasterKeyId {
    type Err = VaultError;

    fn from_str(text: &str) -> Result<Self, VaultError> {
        let fits = (1..=200).contains(&text.len()) && text.chars().all(|c| c.is_ascii_graphic());
        fits.then(|| Self(text.to_owned()))
            .ok_or_else(|| VaultError::Unreadable {
                place: format!("the master key's id {text:?}"),
                reason: "it must be 1 to 200 characters without spaces".to_owned(),
            })
    }
}

impl fmt::Display for MasterKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a data key belongs. A wrapped key opens for the same place only.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KeyPlace {
    /// Whose it is.
    pub tenant: TenantId,
    /// Its id: a ULID.
    pub key_id: String,
}

impl KeyPlace {
    /// The place as bytes, to be authenticated with the wrapped key: an AEAD's associated data, or the encryption
    /// context of a key management service.
    #[must_use]
    pub fn context(&self) -> Vec<u8> {
        format!("annals.data-key.1\n{}\n{}", self.tenant, self.key_id).into_bytes()
    }
}

/// Who keeps the master keys: a file or a variable ([`LocalKeys`](super::LocalKeys)), or a key management service.
///
/// An implementation keeps these promises:
/// - `wrap` uses the key that `current` names, and authenticates [`KeyPlace::context`]; what it gives is stored as it is.
/// - `unwrap` opens what was ever wrapped under a key that is not destroyed, for the same place, and for no other.
/// - Both answer in the order in which they are asked, all or nothing; they are asked for up to 500 keys at once.
/// - A key that is unknown is [`VaultError::OtherMasterKey`]; a service that is away is [`VaultError::Manager`], and
///   may be asked again.
/// - It holds no data key longer than the call.
pub trait MasterKeys: Send + Sync {
    /// The key that wraps from now on. Asked again after another process has rotated it.
    fn current(&self) -> BoxFuture<'_, Result<MasterKeyId, VaultError>>;

    /// Wraps data keys under the current key.
    fn wrap<'a>(&'a self, keys: &'a [(KeyPlace, DataKey)])
    -> BoxFuture<'a, Result<Vec<Vec<u8>>, VaultError>>;

    /// Opens data keys that were wrapped under `master`.
    fn unwrap<'a>(
        &'a self,
        master: &'a MasterKeyId,
        wrapped: &'a [(KeyPlace, Vec<u8>)],
    ) -> BoxFuture<'a, Result<Vec<DataKey>, VaultError>>;
}
