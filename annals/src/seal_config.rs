//! The settings of sealing.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Deserialize;
use store::{KeyFile, SealOptions};

use crate::ambient;

/// What a person may set about sealing. Each is a flag, a variable and a key under `[seal]` in the TOML file.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GivenSeal {
    /// The file with the private key that signs checkpoints; made at the first start [default: seal.key in the
    /// data folder]
    #[arg(long, env = "ANNALS_SEAL_KEY", global = true, value_name = "FILE")]
    #[serde(rename = "key")]
    pub seal_key: Option<PathBuf>,
    /// What checkpoints call this installation, for instance `example.com/annals`; what it was called at the first
    /// start stays [default: made of the database's identity]
    #[arg(long, env = "ANNALS_SEAL_NAME", global = true, value_name = "NAME")]
    #[serde(rename = "name")]
    pub seal_name: Option<String>,
}

impl GivenSeal {
    /// These settings where they are given, else the other ones.
    #[must_use]
    pub fn or(&self, other: Self) -> Self {
        Self {
            seal_key: self.seal_key.clone().or(other.seal_key),
            seal_name: self.seal_name.clone().or(other.seal_name),
        }
    }

    /// Where the private key is.
    #[must_use]
    pub fn key(&self, data_dir: &Path) -> KeyFile {
        KeyFile::at(self.seal_key.clone().unwrap_or_else(|| data_dir.join("seal.key")))
    }

    /// How this process seals.
    #[must_use]
    pub fn options(&self, data_dir: &Path) -> SealOptions {
        SealOptions {
            key: self.key(data_dir),
            name: self.seal_name.clone(),
            seed: ambient::seed(),
            checkpoints: checkpoints(data_dir),
        }
    }

    /// The settings in force as a TOML file would have them.
    #[must_use]
    pub fn shown(&self, data_dir: &Path) -> String {
        let key = self.key(data_dir).path().display().to_string();
        let name = match &self.seal_name {
            Some(name) => format!("name = {name:?}"),
            None => "# name is not set".to_owned(),
        };
        format!("\n[seal]\nkey = {key:?}\n{name}\n")
    }
}

/// Where the newest checkpoint of each tenant is kept.
#[must_use]
pub fn checkpoints(data_dir: &Path) -> PathBuf {
    data_dir.join("checkpoints")
}
