//! The settings of sealing personal data: where the master key is.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use serde::Deserialize;
use store::{Ambient, LocalKeys, Log, MasterKeys, Options, Role, Store, Vault};

use crate::config::Settings;

/// What a person may set about the master key. Each is a flag, a variable and a key under `[vault]` in the TOML file.
#[derive(Args, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GivenVault {
    /// The file with the master keys of personal data, a line each, the first wraps; made at the first start
    /// [default: master.key in the data folder]
    #[arg(long, env = "ANNALS_MASTER_KEY", global = true, value_name = "FILE")]
    #[serde(rename = "master_key")]
    pub master_key: Option<PathBuf>,
    /// The master keys themselves instead of a file, with commas between
    #[arg(
        long,
        env = "ANNALS_MASTER_KEYS",
        global = true,
        value_name = "KEYS",
        hide_env_values = true
    )]
    #[serde(skip)]
    pub master_keys: Option<String>,
}

impl std::fmt::Debug for GivenVault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "GivenVault({:?})", self.master_key)
    }
}

impl GivenVault {
    /// These settings where they are given, else the other ones.
    #[must_use]
    pub fn or(&self, other: Self) -> Self {
        Self {
            master_key: self.master_key.clone().or(other.master_key),
            master_keys: self.master_keys.clone().or(other.master_keys),
        }
    }

    /// Where the file is.
    #[must_use]
    pub fn file(&self, data_dir: &Path) -> PathBuf {
        self.master_key
            .clone()
            .unwrap_or_else(|| data_dir.join("master.key"))
    }

    /// The master keys of a process that may write: a file that is missing is made.
    ///
    /// # Errors
    /// When the file or the variable can't be read.
    pub fn keys(&self, data_dir: &Path) -> anyhow::Result<Arc<LocalKeys>> {
        let keys = match &self.master_keys {
            Some(text) => LocalKeys::of_text("ANNALS_MASTER_KEYS", text),
            None => {
                let file = self.file(data_dir);
                LocalKeys::make_file(&file).and_then(|()| LocalKeys::of_file(&file))
            }
        };
        keys.map(Arc::new).context("the master key of personal data")
    }

    /// The master keys of a process that only reads: without any, what is sealed stops it.
    ///
    /// # Errors
    /// When the file or the variable can't be read.
    pub(crate) fn given(&self, data_dir: &Path) -> anyhow::Result<Option<Arc<LocalKeys>>> {
        if self.master_keys.is_none() && !self.file(data_dir).exists() {
            return Ok(None);
        }
        self.keys(data_dir).map(Some)
    }

    /// The settings in force as a TOML file would have them.
    #[must_use]
    pub fn shown(&self, data_dir: &Path) -> String {
        match &self.master_keys {
            Some(_) => "\n[vault]\n# master_key: its keys are given as ANNALS_MASTER_KEYS\n".to_owned(),
            None => format!(
                "\n[vault]\nmaster_key = {:?}\n",
                self.file(data_dir).display().to_string()
            ),
        }
    }
}

/// Opens the log of a database, sealing and opening personal data.
///
/// # Errors
/// When the database is away, or its master key is not where it should be.
pub async fn store(url: &str, ambient: Ambient, settings: &Settings) -> anyhow::Result<Store> {
    let keys: Arc<dyn MasterKeys> = settings.vault.keys(&settings.data_dir)?;
    let options = Options::new(url, ambient)
        .sealing(keys)
        .telling_means(settings.access.means_every());
    Ok(Store::open(options).await?)
}

/// The vault for a command that reads a database; `None` when there is no master key.
///
/// # Errors
/// When the database's master key is not among those that are given.
pub async fn vault(url: &str, ambient: &Ambient, settings: &Settings) -> anyhow::Result<Option<Vault>> {
    let Some(keys) = settings.vault.given(&settings.data_dir)? else {
        return Ok(None);
    };
    let pool = store::pool(url, Role::Appender, 1)?;
    let keys: Arc<dyn MasterKeys> = keys;
    Ok(Some(Vault::open(pool, keys, ambient.now()).await?))
}

/// The log for a command that reads, personal data opened as far as there is a key.
///
/// # Errors
/// As [`vault`].
pub async fn log(url: &str, ambient: &Ambient, settings: &Settings) -> anyhow::Result<Log> {
    let vault = vault(url, ambient, settings).await?;
    Ok(Log::new(store::pool(url, Role::Projector, 2)?).opened_by(vault))
}
