//! The keys that sign: the private one in a file that PostgreSQL never sees, the public ones in a table.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTimestamp, ToSqlx as _};
use sqlx::{PgConnection, PgPool};

use super::checkpoint::{Trusted, endorsement};
use super::error::SealError;
use super::note::{SignerKey, VerifierKey};

/// A file with the private key, readable by its owner alone.
#[derive(Clone, Debug)]
pub struct KeyFile(PathBuf);

impl KeyFile {
    /// The file at this path.
    #[must_use]
    pub const fn at(path: PathBuf) -> Self {
        Self(path)
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    fn next(&self) -> PathBuf {
        let mut name = self.0.clone().into_os_string();
        name.push(".next");
        name.into()
    }

    fn read(&self, path: &Path) -> Result<Option<SignerKey>, SealError> {
        match fs::read_to_string(path) {
            Ok(text) => Ok(Some(SignerKey::read(&text)?)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(source) => Err(self.wrong(source)),
        }
    }

    fn write(&self, path: &Path, key: &SignerKey) -> Result<(), SealError> {
        let write = || {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            let mut file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(path)?;
            file.set_permissions(Permissions::from_mode(0o600))?;
            file.write_all(format!("{}\n", key.secret()).as_bytes())?;
            file.sync_all()
        };
        write().map_err(|source| self.wrong(source))
    }

    fn wrong(&self, source: std::io::Error) -> SealError {
        SealError::KeyFile {
            file: self.0.clone(),
            source,
        }
    }

    /// The key of the file, if it is the one that signs; a rotation that was interrupted is finished.
    pub(super) fn load(&self, signs: &[u8; 32]) -> Result<Option<SignerKey>, SealError> {
        let is_it = |key: &SignerKey| key.verifier().public() == signs;
        if let Some(key) = self.read(&self.0)?.filter(is_it) {
            return Ok(Some(key));
        }
        let next = self.read(&self.next())?.filter(is_it);
        if next.is_some() {
            fs::rename(self.next(), &self.0).map_err(|source| self.wrong(source))?;
        }
        Ok(next)
    }
}

/// What auditors need to know of the keys: the installation's name, and its keys, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealKeys {
    /// What the notes call the installation.
    pub name: String,
    /// The public keys, with the note by which the one before endorses each.
    pub keys: Vec<(VerifierKey, Option<String>)>,
}

impl SealKeys {
    /// The notes by which keys endorse their successors, in order.
    #[must_use]
    pub fn endorsements(&self) -> Vec<String> {
        self.keys.iter().filter_map(|(_, note)| note.clone()).collect()
    }

    /// All of the keys, as trusted.
    #[must_use]
    pub fn trusted(&self) -> Trusted {
        Trusted::new(self.keys.iter().map(|(key, _)| key.clone()).collect())
    }

    pub(crate) async fn read(connection: &mut PgConnection) -> Result<Option<Self>, SealError> {
        let name = sqlx::query_scalar!("select name from seal_head")
            .fetch_optional(&mut *connection)
            .await?;
        let Some(name) = name else {
            return Ok(None);
        };
        let rows = sqlx::query!("select public_key, endorsement from seal_keys order by number")
            .fetch_all(connection)
            .await?;
        let keys = rows.into_iter().map(|row| {
            let public = row.public_key.try_into().unwrap_or_default();
            (VerifierKey::new(name.clone(), public), row.endorsement)
        });
        Ok(Some(Self {
            keys: keys.collect(),
            name: name.clone(),
        }))
    }
}

/// The name of a log that was given none: it tells databases apart.
pub(super) async fn default_name(pool: &PgPool) -> Result<String, SealError> {
    let id = sqlx::query_scalar!(r#"select id::text as "id!" from log_identity"#)
        .fetch_one(pool)
        .await?;
    Ok(format!("annals/{id}"))
}

/// The key that signs, and its number: the file's. The first time it is made, of `seed`.
pub(super) async fn signing(
    pool: &PgPool,
    file: &KeyFile,
    name: Option<&str>,
    seed: [u8; 32],
    now: Timestamp,
) -> Result<(i32, SignerKey), SealError> {
    let default = match name {
        Some(name) => name.to_owned(),
        None => default_name(pool).await?,
    };
    let mut transaction = pool.begin().await?;
    sqlx::query!(
        "insert into seal_head (name) values ($1) on conflict do nothing",
        default
    )
    .execute(&mut *transaction)
    .await?;
    let name = sqlx::query_scalar!("select name from seal_head for update")
        .fetch_one(&mut *transaction)
        .await?;
    if let Some((number, public)) = newest(&mut transaction).await? {
        transaction.commit().await?;
        return match file.load(&public)? {
            Some(key) => Ok((number, key)),
            None => Err(SealError::OtherKey {
                file: file.0.clone(),
                sealing: VerifierKey::new(name, public).to_string(),
            }),
        };
    }
    let key = match file.read(&file.0)? {
        Some(key) if key.verifier().name() == name => key,
        Some(other) => {
            return Err(SealError::OtherKey {
                file: file.0.clone(),
                sealing: format!(
                    "none yet, but its name would be {name}, not {}",
                    other.verifier().name()
                ),
            });
        }
        None => {
            let key = SignerKey::of_seed(&name, seed)?;
            file.write(&file.0, &key)?;
            key
        }
    };
    add(&mut transaction, (1, &key), None, now).await?;
    transaction.commit().await?;
    Ok((1, key))
}

pub(super) async fn newest(connection: &mut PgConnection) -> Result<Option<(i32, [u8; 32])>, SealError> {
    let row = sqlx::query!("select number, public_key from seal_keys order by number desc limit 1")
        .fetch_optional(connection)
        .await?;
    Ok(row.map(|row| (row.number, row.public_key.try_into().unwrap_or_default())))
}

async fn add(
    connection: &mut PgConnection,
    (number, key): (i32, &SignerKey),
    endorsement: Option<String>,
    now: Timestamp,
) -> Result<(), SealError> {
    sqlx::query!(
        "insert into seal_keys (number, public_key, endorsement, added_at) values ($1, $2, $3, $4)",
        number,
        key.verifier().public(),
        endorsement,
        now.to_sqlx() as SqlTimestamp,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Whether the key that signs endorses the one that follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Succession {
    /// It does: whoever trusts it trusts its successor.
    Endorsed,
    /// It is lost: auditors must be given the new key.
    Lost,
}

/// Makes a new key of `seed` the one that signs. What was signed before stays valid, and a sealer that runs goes
/// on with the new key.
///
/// # Errors
/// [`SealError::OtherKey`] when the file's key is not the one that signs, [`SealError::NothingSealed`] when
/// nothing was signed yet.
pub async fn rotate_key(
    pool: &PgPool,
    file: &KeyFile,
    seed: [u8; 32],
    succession: Succession,
    now: Timestamp,
) -> Result<VerifierKey, SealError> {
    let mut transaction = pool.begin().await?;
    let name = sqlx::query_scalar!("select name from seal_head for update")
        .fetch_optional(&mut *transaction)
        .await?
        .ok_or(SealError::NothingSealed)?;
    let (number, public) = newest(&mut transaction).await?.ok_or(SealError::NothingSealed)?;
    let fresh = SignerKey::of_seed(&name, seed)?;
    let note = match (succession, file.load(&public)) {
        (Succession::Lost, _) => None,
        (Succession::Endorsed, Ok(Some(key))) => Some(endorsement(&key, fresh.verifier())),
        (Succession::Endorsed, Ok(None)) => {
            return Err(SealError::OtherKey {
                file: file.0.clone(),
                sealing: VerifierKey::new(name, public).to_string(),
            });
        }
        (Succession::Endorsed, Err(error)) => return Err(error),
    };
    // From here on the new key is in a file, whatever happens; it is the one that signs once this commits.
    file.write(&file.next(), &fresh)?;
    add(&mut transaction, (number + 1, &fresh), note, now).await?;
    transaction.commit().await?;
    fs::rename(file.next(), &file.0).map_err(|source| file.wrong(source))?;
    Ok(fresh.verifier().clone())
}
