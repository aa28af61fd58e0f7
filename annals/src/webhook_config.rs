//! The settings of webhooks that go out.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use serde::Deserialize;
use store::WebhookKey;
use streams::webhooks::{Reach, Schedule, Settings};

use crate::ambient;
use crate::cli::Role;

const TIMEOUT_S: u64 = 15;
const AT_ONCE: usize = 256;

/// What a person may set about webhooks that go out. Each is a flag, a variable and a key under `[webhooks]` in the TOML
/// file.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[command(next_help_heading = "Webhooks out")]
pub struct GivenWebhooks {
    /// 64 hexadecimal digits of which endpoints' secrets are made; the same in every process [default: in the file
    /// webhooks.key in the data folder, made at the first start of `up`]
    #[arg(
        long,
        env = "ANNALS_WEBHOOK_KEY",
        global = true,
        value_name = "HEX",
        hide_env_values = true,
        hide_short_help = true
    )]
    #[serde(rename = "key")]
    pub webhook_key: Option<String>,
    /// The pauses between attempts, after which an endpoint is paused [default: 5s,5m,30m,2h,5h,10h,14h,20h,1d]
    #[arg(
        long,
        env = "ANNALS_WEBHOOK_RETRIES",
        global = true,
        value_name = "PAUSES",
        hide_short_help = true
    )]
    #[serde(rename = "retries")]
    pub webhook_retries: Option<String>,
    /// How many seconds a request may take [default: 15]
    #[arg(long, env = "ANNALS_WEBHOOK_TIMEOUT_SECONDS", global = true, value_name = "SECONDS", hide_short_help = true,
          value_parser = clap::value_parser!(u64).range(1..=300))]
    #[serde(rename = "timeout_seconds")]
    pub webhook_timeout_seconds: Option<u64>,
    /// How many requests a process has under way at once [default: 256]
    #[arg(
        long,
        env = "ANNALS_WEBHOOK_AT_ONCE",
        global = true,
        value_name = "N",
        hide_short_help = true
    )]
    #[serde(rename = "at_once")]
    pub webhook_at_once: Option<usize>,
    /// Whether endpoints may have addresses that are not of the public internet, and URLs without TLS [default: false]
    #[arg(long, env = "ANNALS_WEBHOOK_ALLOW_PRIVATE", global = true, num_args = 0..=1, default_missing_value = "true",
          hide_short_help = true)]
    #[serde(rename = "allow_private")]
    pub webhook_allow_private: Option<bool>,
}

impl GivenWebhooks {
    /// These settings where they are given, else the other ones.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            webhook_key: self.webhook_key.or(other.webhook_key),
            webhook_retries: self.webhook_retries.or(other.webhook_retries),
            webhook_timeout_seconds: self.webhook_timeout_seconds.or(other.webhook_timeout_seconds),
            webhook_at_once: self.webhook_at_once.or(other.webhook_at_once),
            webhook_allow_private: self.webhook_allow_private.or(other.webhook_allow_private),
        }
    }

    /// The key of which secrets are made, for processes that make or use them. A process that does both makes it where it is
    /// missing, in the data folder.
    ///
    /// # Errors
    /// When the key is none, its file can't be read or written, or secrets are to be used without it.
    pub fn key(&self, data_dir: &Path, roles: &[Role]) -> anyhow::Result<Option<WebhookKey>> {
        let (makes, uses) = (roles.contains(&Role::Api), roles.contains(&Role::Webhooks));
        if !makes && !uses {
            return Ok(None);
        }
        // What is set to nothing is not set.
        if let Some(text) = self.webhook_key.as_ref().filter(|text| !text.is_empty()) {
            let bytes =
                unhex(text).context("--webhook-key (or ANNALS_WEBHOOK_KEY) is not 64 hexadecimal digits")?;
            return Ok(Some(WebhookKey::new(&bytes)));
        }
        let file = file(data_dir);
        let named = || format!("the key of webhooks, {}", file.display());
        match fs::read_to_string(&file) {
            Ok(text) => {
                let bytes = unhex(text.trim())
                    .with_context(|| format!("{} is not 64 hexadecimal digits", named()))?;
                Ok(Some(WebhookKey::new(&bytes)))
            }
            // Processes that share the work share the key: nobody makes one of its own beside others.
            Err(error) if error.kind() == ErrorKind::NotFound && !uses => Ok(None),
            Err(error) if error.kind() == ErrorKind::NotFound && !makes => bail!(
                "webhooks are signed with secrets that are made of a key: give ANNALS_WEBHOOK_KEY, or the data folder \
                 with webhooks.key, as to the processes with the role api"
            ),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                fs::create_dir_all(data_dir).with_context(named)?;
                let text: String = ambient::seed().iter().map(|byte| format!("{byte:02x}")).collect();
                // Whole or not at all: another process may make one at the same time, and only one is linked.
                let whole = data_dir.join(format!("webhooks.key.{}", std::process::id()));
                fs::write(&whole, text + "\n").with_context(named)?;
                fs::set_permissions(&whole, fs::Permissions::from_mode(0o600)).with_context(named)?;
                let linked = fs::hard_link(&whole, &file);
                fs::remove_file(&whole).with_context(named)?;
                match linked {
                    Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error).with_context(named),
                    _ => self.key(data_dir, roles),
                }
            }
            Err(error) => Err(error).with_context(named),
        }
    }

    /// How this process sends.
    ///
    /// # Errors
    /// When the pauses are none.
    pub fn settings(&self, key: WebhookKey) -> anyhow::Result<Settings> {
        let schedule = match &self.webhook_retries {
            Some(text) => text.parse().context("--webhook-retries")?,
            None => Schedule::default(),
        };
        let at_once = self.webhook_at_once.unwrap_or(AT_ONCE);
        if at_once == 0 {
            bail!("--webhook-at-once: at least one request is under way at once");
        }
        Ok(Settings {
            key,
            reach: match self.webhook_allow_private.unwrap_or_default() {
                true => Reach::Anywhere,
                false => Reach::Public,
            },
            schedule,
            timeout: Duration::from_secs(self.webhook_timeout_seconds.unwrap_or(TIMEOUT_S)),
            at_once,
        })
    }

    /// The settings in force as a TOML file would have them, the key masked.
    #[must_use]
    pub fn shown(&self, data_dir: &Path) -> String {
        let key = match &self.webhook_key {
            Some(_) => "key = \"********\"".to_owned(),
            None => format!("# key is in {}", file(data_dir).display()),
        };
        let retries = match &self.webhook_retries {
            Some(retries) => format!("retries = {retries:?}"),
            None => "# retries is not set".to_owned(),
        };
        format!(
            "\n[webhooks]\n{key}\n{retries}\ntimeout_seconds = {}\nat_once = {}\nallow_private = {}\n",
            self.webhook_timeout_seconds.unwrap_or(TIMEOUT_S),
            self.webhook_at_once.unwrap_or(AT_ONCE),
            self.webhook_allow_private.unwrap_or_default()
        )
    }
}

fn file(data_dir: &Path) -> PathBuf {
    data_dir.join("webhooks.key")
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::GivenWebhooks;
    use crate::cli::Role;

    #[test]
    fn the_key_is_made_once_and_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let given = GivenWebhooks::default();
        assert!(given.key(folder.path(), &[Role::Projector]).unwrap().is_none());
        assert!(
            given.key(folder.path(), &[Role::Api]).unwrap().is_none(),
            "one of its own is of no use"
        );
        let alone = given
            .key(folder.path(), &[Role::Webhooks])
            .unwrap_err()
            .to_string();
        assert!(alone.contains("ANNALS_WEBHOOK_KEY"), "{alone}");
        let secret = |given: &GivenWebhooks| {
            let key = given
                .key(folder.path(), &[Role::Api, Role::Webhooks])
                .unwrap()
                .unwrap();
            key.secret(domain::TenantId::new(ulid::Ulid(1)), "hooks", "one")
        };
        let first = secret(&given);
        assert_eq!(secret(&given), first);
        let set = GivenWebhooks {
            webhook_key: Some("0f".repeat(32)),
            ..GivenWebhooks::default()
        };
        assert_ne!(secret(&set), first);
        assert!(
            !set.shown(folder.path()).contains("0f0f"),
            "{}",
            set.shown(folder.path())
        );
        let wrong = GivenWebhooks {
            webhook_key: Some("0g".repeat(32)),
            ..GivenWebhooks::default()
        };
        let error = wrong
            .key(folder.path(), &[Role::Webhooks])
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("ANNALS_WEBHOOK_KEY") && !error.contains("0g"),
            "{error}"
        );
    }
}
