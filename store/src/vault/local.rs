//! Master keys in a file or in a text that somebody gives: one a line, the first wraps, all open.

use std::fs::{self, OpenOptions, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use ring::rand::{SecureRandom as _, SystemRandom};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{DataKey, KeyPlace, MasterKeyId, MasterKeys, VaultError};

const PREFIX: &str = "ANNALS-MASTER-KEY";
const NONCE: usize = 24;

/// A master key with its name, which is made of it, so that a wrong one is told apart.
#[derive(Clone)]
struct Master {
    id: MasterKeyId,
    secret: DataKey,
}

impl Master {
    fn of_seed(secret: [u8; 32]) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(b"annals.master-key.1");
        hasher.update(secret);
        let id = format!("mk-{}", hex::encode(&hasher.finalize()[..8]));
        Self {
            id: MasterKeyId::from_str_of_ours(id),
            secret: Zeroizing::new(secret),
        }
    }

    fn read(line: &str) -> Option<Self> {
        let mut parts = line.split('+');
        let (prefix, id) = (parts.next()?, parts.next()?);
        // The base64 itself may have a plus sign in it.
        let secret = line.get(prefix.len() + id.len() + 2..)?;
        let secret: [u8; 32] = BASE64.decode(secret).ok()?.try_into().ok()?;
        let key = Self::of_seed(secret);
        (prefix == PREFIX && key.id.as_str() == id).then_some(key)
    }

    fn line(&self) -> String {
        format!("{PREFIX}+{}+{}", self.id, BASE64.encode(*self.secret))
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(self.secret.as_slice().into())
    }
}

impl MasterKeyId {
    /// A name that was made here follows the rule.
    fn from_str_of_ours(id: String) -> Self {
        id.parse().expect("hexadecimal digits have no spaces")
    }
}

#[derive(Clone, Debug)]
enum Source {
    File(PathBuf),
    Given(String),
}

/// Master keys of a file or of a variable, used in this process.
pub struct LocalKeys {
    source: Source,
    keys: RwLock<Arc<Vec<Master>>>,
}

impl std::fmt::Debug for LocalKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LocalKeys({:?})", self.place())
    }
}

impl LocalKeys {
    /// The keys of a file that is there.
    ///
    /// # Errors
    /// [`VaultError::File`] when it is not, [`VaultError::Unreadable`] when a line of it is no key.
    pub fn of_file(file: &Path) -> Result<Self, VaultError> {
        Self::of(Source::File(file.to_owned()))
    }

    /// The keys of a text: a line each, the first wraps.
    ///
    /// # Errors
    /// [`VaultError::Unreadable`]; `place` says where the text came from.
    pub fn of_text(place: &str, text: &str) -> Result<Self, VaultError> {
        let keys = RwLock::new(Arc::new(parse(place, text)?));
        Ok(Self {
            source: Source::Given(place.to_owned()),
            keys,
        })
    }

    fn of(source: Source) -> Result<Self, VaultError> {
        let keys = Self {
            source,
            keys: RwLock::new(Arc::new(Vec::new())),
        };
        keys.read_again()?;
        Ok(keys)
    }

    /// Makes a file with a fresh key, readable by its owner alone; leaves one that is there.
    ///
    /// # Errors
    /// [`VaultError::File`], [`VaultError::NoEntropy`].
    pub fn make_file(file: &Path) -> Result<(), VaultError> {
        if file.exists() {
            return Ok(());
        }
        write(file, &[Master::of_seed(random()?)])
    }

    /// Puts a fresh key before the others of the file: it wraps from now on. Gives its name.
    ///
    /// # Errors
    /// [`VaultError::Unreadable`] for keys that are not in a file.
    pub fn add_fresh(&self) -> Result<MasterKeyId, VaultError> {
        let file = self.file()?;
        self.read_again()?;
        let fresh = Master::of_seed(random()?);
        let keys = [vec![fresh.clone()], self.held().to_vec()].concat();
        write(file, &keys)?;
        self.read_again()?;
        Ok(fresh.id)
    }

    /// Takes all keys but the first out of the file, for ever. Gives the names of those that are gone.
    ///
    /// # Errors
    /// [`VaultError::Unreadable`] for keys that are not in a file.
    pub fn remove_old(&self) -> Result<Vec<MasterKeyId>, VaultError> {
        let file = self.file()?;
        self.read_again()?;
        let held = self.held();
        write(file, &held[..1])?;
        self.read_again()?;
        Ok(held[1..].iter().map(|key| key.id.clone()).collect())
    }

    /// The names of all keys, the one that wraps first.
    #[must_use]
    pub fn ids(&self) -> Vec<MasterKeyId> {
        self.held().iter().map(|key| key.id.clone()).collect()
    }

    /// The line of a fresh key, for whoever keeps keys in a variable.
    ///
    /// # Errors
    /// [`VaultError::NoEntropy`].
    pub fn fresh_line() -> Result<String, VaultError> {
        Ok(Master::of_seed(random()?).line())
    }

    fn file(&self) -> Result<&Path, VaultError> {
        match &self.source {
            Source::File(file) => Ok(file),
            Source::Given(place) => Err(VaultError::Unreadable {
                place: place.clone(),
                reason: "keys that are not in a file are changed where they are given".to_owned(),
            }),
        }
    }

    fn place(&self) -> String {
        match &self.source {
            Source::File(file) => file.display().to_string(),
            Source::Given(place) => place.clone(),
        }
    }

    fn held(&self) -> Arc<Vec<Master>> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn read_again(&self) -> Result<(), VaultError> {
        let Source::File(file) = &self.source else {
            return Ok(());
        };
        let wrong = |source| VaultError::File {
            file: file.clone(),
            source,
        };
        let text = Zeroizing::new(fs::read_to_string(file).map_err(wrong)?);
        let keys = parse(&self.place(), &text)?;
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
        Ok(())
    }

    /// The key of this name; the file is read again when it is not known, since another process may have added it.
    fn find(&self, wanted: &MasterKeyId) -> Result<Master, VaultError> {
        let find = || self.held().iter().find(|key| key.id == *wanted).cloned();
        if let Some(key) = find() {
            return Ok(key);
        }
        self.read_again()?;
        find().ok_or_else(|| VaultError::OtherMasterKey {
            wanted: wanted.clone(),
            place: self.place(),
        })
    }
}

impl MasterKeys for LocalKeys {
    fn current(&self) -> BoxFuture<'_, Result<MasterKeyId, VaultError>> {
        let current = self.read_again().map(|()| self.held()[0].id.clone());
        futures::future::ready(current).boxed()
    }

    fn wrap<'a>(
        &'a self,
        keys: &'a [(KeyPlace, DataKey)],
    ) -> BoxFuture<'a, Result<Vec<Vec<u8>>, VaultError>> {
        let cipher = self.held()[0].cipher();
        let wrap = |(place, key): &(KeyPlace, DataKey)| {
            let mut nonce = [0; NONCE];
            fill(&mut nonce)?;
            let aad = place.context();
            let message = Payload {
                msg: key.as_slice(),
                aad: &aad,
            };
            let wrapped = cipher.encrypt(XNonce::from_slice(&nonce), message);
            let wrapped = wrapped.map_err(|_| VaultError::NoEntropy)?;
            Ok([nonce.to_vec(), wrapped].concat())
        };
        futures::future::ready(keys.iter().map(wrap).collect()).boxed()
    }

    fn unwrap<'a>(
        &'a self,
        master: &'a MasterKeyId,
        wrapped: &'a [(KeyPlace, Vec<u8>)],
    ) -> BoxFuture<'a, Result<Vec<DataKey>, VaultError>> {
        let opened = self.find(master).and_then(|key| {
            let cipher = key.cipher();
            let open = |(place, wrapped): &(KeyPlace, Vec<u8>)| {
                let broken = || VaultError::Wrapped {
                    key_id: place.key_id.clone(),
                    master_key: master.clone(),
                };
                let (nonce, msg) = wrapped.split_at_checked(NONCE).ok_or_else(broken)?;
                let aad = place.context();
                let opened = cipher.decrypt(XNonce::from_slice(nonce), Payload { msg, aad: &aad });
                let opened = Zeroizing::new(opened.map_err(|_| broken())?);
                let secret: [u8; 32] = opened.as_slice().try_into().map_err(|_| broken())?;
                Ok(Zeroizing::new(secret))
            };
            wrapped.iter().map(open).collect()
        });
        futures::future::ready(opened).boxed()
    }
}

fn parse(place: &str, text: &str) -> Result<Vec<Master>, VaultError> {
    let wrong = |reason: String| VaultError::Unreadable {
        place: place.to_owned(),
        reason,
    };
    let lines = text.split([',', '\n']).map(str::trim).enumerate();
    let keys: Vec<Master> = lines
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(number, line)| {
            let reason = || {
                wrong(format!(
                    "line {}: this is no master key ({PREFIX}+ID+BASE64)",
                    number + 1
                ))
            };
            Master::read(line).ok_or_else(reason)
        })
        .collect::<Result<_, _>>()?;
    if keys.is_empty() {
        return Err(wrong("there is no master key in it".to_owned()));
    }
    Ok(keys)
}

/// Written beside the file and put in its place, so that a crash leaves the old or the new one.
fn write(file: &Path, keys: &[Master]) -> Result<(), VaultError> {
    let write = || {
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut beside = file.as_os_str().to_owned();
        beside.push(".next");
        let mut out = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&beside)?;
        out.set_permissions(Permissions::from_mode(0o600))?;
        for key in keys {
            out.write_all(Zeroizing::new(format!("{}\n", key.line())).as_bytes())?;
        }
        out.sync_all()?;
        fs::rename(&beside, file)?;
        match file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            Some(folder) => fs::File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    };
    write().map_err(|source: std::io::Error| VaultError::File {
        file: file.to_owned(),
        source,
    })
}

pub(super) fn random() -> Result<[u8; 32], VaultError> {
    let mut bytes = [0; 32];
    fill(&mut bytes)?;
    Ok(bytes)
}

fn fill(bytes: &mut [u8]) -> Result<(), VaultError> {
    SystemRandom::new().fill(bytes).map_err(|_| VaultError::NoEntropy)
}

#[cfg(test)]
mod tests;
