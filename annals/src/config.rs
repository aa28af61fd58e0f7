//! The settings: flags, then `ANNALS_*` variables, then a TOML file, then the defaults. Nothing else in the
//! program reads the environment.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

use crate::access_config::GivenAccess;
use crate::gateway_config::GivenGateway;
use crate::intake_config::GivenIntake;
use crate::projector_settings::GivenProjector;
use crate::relay_config::GivenRelay;
use crate::seal_config::GivenSeal;
use crate::vault_config::GivenVault;
use crate::webhook_config::GivenWebhooks;
use crate::webhook_sources::GivenWebhookSources;

/// What a person may set. Each is a flag, a variable and a key of the TOML file.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Given {
    /// A TOML file with further settings [default: annals.toml, if there is one]
    #[arg(long, env = "ANNALS_CONFIG", global = true, value_name = "FILE")]
    #[serde(skip)]
    pub config: Option<PathBuf>,
    /// Where the embedded PostgreSQL and the secrets made here lie [default: .annals]
    #[arg(long, env = "ANNALS_DATA_DIR", global = true, value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,
    /// An external PostgreSQL 15 or newer instead of the embedded one
    #[arg(
        long,
        env = "ANNALS_DATABASE_URL",
        global = true,
        value_name = "URL",
        hide_env_values = true
    )]
    pub database_url: Option<String>,
    /// The address to serve HTTP on [default: 127.0.0.1:8080]
    #[arg(long, env = "ANNALS_LISTEN", global = true, value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
    /// The platform administrator's token [default: made at the first start, in the data folder]
    #[arg(
        long,
        env = "ANNALS_ADMIN_TOKEN",
        global = true,
        value_name = "TOKEN",
        hide_env_values = true
    )]
    pub admin_token: Option<String>,
    /// `development` shows GraphiQL and the schema to anybody, `production` does not [default: development
    /// for `up`, production for `serve`]
    #[arg(long, env = "ANNALS_MODE", global = true, value_enum)]
    pub mode: Option<Mode>,
    /// Which invoices are numbered together, without gaps [default: tenant]
    #[arg(
        long,
        env = "ANNALS_INVOICE_SERIES",
        global = true,
        value_enum,
        value_name = "SERIES"
    )]
    pub invoice_series: Option<InvoiceSeries>,
    /// How log lines look [default: text]
    #[arg(long, env = "ANNALS_LOG_FORMAT", global = true, value_enum)]
    pub log_format: Option<LogFormat>,
    /// Which log lines are shown, for instance `info,store=debug` [default: info,sqlx=warn]
    #[arg(long, env = "ANNALS_LOG", global = true, value_name = "FILTER")]
    pub log: Option<String>,
    /// Who may come in, and how: the table `[access]` of the file.
    #[command(flatten)]
    #[serde(default)]
    pub access: GivenAccess,
    /// What the gateway allows: the table `[gateway]` of the file.
    #[command(flatten)]
    #[serde(default)]
    pub gateway: GivenGateway,
    /// About projectors
    #[command(flatten)]
    #[serde(default)]
    pub projector: GivenProjector,
    /// About sealing
    #[command(flatten)]
    #[serde(default)]
    pub seal: GivenSeal,
    /// About sealing personal data
    #[command(flatten)]
    #[serde(default)]
    pub vault: GivenVault,
    /// About the relay to Apache Kafka
    #[command(flatten)]
    #[serde(default)]
    pub relay: GivenRelay,
    /// About what is read from Apache Kafka
    #[command(flatten)]
    #[serde(default, rename = "ingest")]
    pub intake: GivenIntake,
    /// About webhooks that come in
    #[command(flatten)]
    #[serde(default, rename = "webhooks_in")]
    pub webhook_sources: GivenWebhookSources,
    /// About webhooks that go out
    #[command(flatten)]
    #[serde(default)]
    pub webhooks: GivenWebhooks,
}

/// Who the installation is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// A person at a desk: GraphiQL and introspection are on.
    Development,
    /// Others: they are off.
    Production,
}

/// Which invoices are numbered together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum InvoiceSeries {
    /// Each tenant's for themselves: INV-000042.
    #[default]
    Tenant,
    /// Those of all tenants: PINV-000042.
    Platform,
}

impl From<InvoiceSeries> for projections::invoice::Series {
    fn from(series: InvoiceSeries) -> Self {
        match series {
            InvoiceSeries::Tenant => Self::Tenant,
            InvoiceSeries::Platform => Self::Platform,
        }
    }
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines: one JSON object a line.
    Json,
}

/// The settings in force, each with the place it came from.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the embedded PostgreSQL and the secrets made here lie.
    pub data_dir: PathBuf,
    /// An external PostgreSQL.
    pub database_url: Option<String>,
    /// The address to serve HTTP on.
    pub listen: SocketAddr,
    /// The platform administrator's token, if one was given.
    pub admin_token: Option<String>,
    /// Who the installation is for, if it was said.
    pub mode: Option<Mode>,
    /// Which invoices are numbered together.
    pub invoice_series: InvoiceSeries,
    /// How log lines look.
    pub log_format: LogFormat,
    /// Which log lines are shown.
    pub log: String,
    /// Who may come in, and how.
    pub access: GivenAccess,
    /// What the gateway allows.
    pub gateway: GivenGateway,
    /// About projectors and rebuilds.
    pub projector: GivenProjector,
    /// About sealing.
    pub seal: GivenSeal,
    /// About sealing personal data.
    pub vault: GivenVault,
    /// About the relay to Apache Kafka.
    pub relay: GivenRelay,
    /// About what is read from Apache Kafka.
    pub intake: GivenIntake,
    /// About webhooks that come in.
    pub webhook_sources: GivenWebhookSources,
    /// About webhooks that go out.
    pub webhooks: GivenWebhooks,
    /// The TOML file that was read.
    pub file: Option<PathBuf>,
}

const DEFAULT_FILE: &str = "annals.toml";

impl Settings {
    /// Puts the flags and variables over the file's keys over the defaults.
    ///
    /// # Errors
    /// When the TOML file can't be read, or holds a key or value that is none: it is named, with its line.
    pub fn load(given: &Given) -> anyhow::Result<Self> {
        let file = given.config.clone().or_else(|| {
            let default = Path::new(DEFAULT_FILE);
            default.exists().then(|| default.to_owned())
        });
        let from_file = match &file {
            Some(path) => read_file(path)?,
            None => Given::default(),
        };
        Ok(Self {
            data_dir: pick(&given.data_dir, from_file.data_dir).unwrap_or_else(|| PathBuf::from(".annals")),
            database_url: pick(&given.database_url, from_file.database_url),
            listen: pick(&given.listen, from_file.listen)
                .unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8080))),
            admin_token: pick(&given.admin_token, from_file.admin_token),
            mode: pick(&given.mode, from_file.mode),
            invoice_series: pick(&given.invoice_series, from_file.invoice_series).unwrap_or_default(),
            log_format: pick(&given.log_format, from_file.log_format).unwrap_or(LogFormat::Text),
            log: pick(&given.log, from_file.log).unwrap_or_else(|| "info,sqlx=warn".to_owned()),
            access: given.access.clone().or(from_file.access),
            gateway: given.gateway.clone().or(from_file.gateway),
            projector: given.projector.or(&from_file.projector),
            seal: given.seal.or(from_file.seal),
            vault: given.vault.or(from_file.vault),
            relay: given.relay.clone().or(from_file.relay),
            intake: given.intake.clone().or(from_file.intake),
            webhook_sources: given.webhook_sources.clone().or(from_file.webhook_sources),
            webhooks: given.webhooks.clone().or(from_file.webhooks),
            file,
        })
    }

    /// The settings as a TOML file would have them, secrets masked.
    #[must_use]
    pub fn shown(&self) -> String {
        let masked = |secret: &Option<String>| secret.as_ref().map(|_| "\"********\"".to_owned());
        let lines = [
            (
                "data_dir",
                Some(format!("{:?}", self.data_dir.display().to_string())),
            ),
            (
                "database_url",
                self.database_url
                    .as_deref()
                    .map(|url| format!("{:?}", mask_password(url))),
            ),
            ("listen", Some(format!("\"{}\"", self.listen))),
            ("admin_token", masked(&self.admin_token)),
            (
                "mode",
                self.mode
                    .map(|mode| format!("{:?}", format!("{mode:?}").to_lowercase())),
            ),
            (
                "log_format",
                Some(format!("{:?}", format!("{:?}", self.log_format).to_lowercase())),
            ),
            ("log", Some(format!("{:?}", self.log))),
            (
                "invoice_series",
                Some(format!(
                    "{:?}",
                    format!("{:?}", self.invoice_series).to_lowercase()
                )),
            ),
        ];
        let file = self
            .file
            .as_ref()
            .map_or("no file".to_owned(), |file| file.display().to_string());
        let mut text =
            format!("# In force: flags, then ANNALS_* variables, then {file}, then the defaults.\n");
        for (name, value) in lines {
            match value {
                Some(value) => text.push_str(&format!("{name} = {value}\n")),
                None => text.push_str(&format!("# {name} is not set\n")),
            }
        }
        text.push_str(&self.access.shown());
        text.push_str(&self.gateway.shown());
        text.push_str(&self.projector.shown());
        text.push_str(&self.seal.shown(&self.data_dir));
        text.push_str(&self.vault.shown(&self.data_dir));
        text + &self.relay.shown()
            + &self.intake.shown()
            + &self.webhook_sources.shown()
            + &self.webhooks.shown(&self.data_dir)
    }
}

fn pick<T: Clone>(first: &Option<T>, second: Option<T>) -> Option<T> {
    first.clone().or(second)
}

fn read_file(path: &Path) -> anyhow::Result<Given> {
    let text = std::fs::read_to_string(path).with_context(|| format!("settings file {}", path.display()))?;
    toml::from_str(&text).with_context(|| format!("settings file {}", path.display()))
}

/// `postgres://user:secret@host` with the password masked.
fn mask_password(url: &str) -> String {
    let parts = url.split_once("://").and_then(|(scheme, rest)| {
        let (login, host) = rest.rsplit_once('@')?;
        let (user, _) = login.split_once(':')?;
        Some(format!("{scheme}://{user}:********@{host}"))
    });
    parts.unwrap_or_else(|| url.to_owned())
}

/// The folders in which programs are looked for.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the environment"
)]
pub fn search_path() -> Option<OsString> {
    std::env::var_os("PATH")
}

#[cfg(test)]
mod tests {
    use super::{Given, Settings, mask_password};

    #[test]
    fn a_flag_wins_over_the_file_and_the_file_over_the_default() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("annals.toml");
        std::fs::write(&file, "listen = \"127.0.0.1:9000\"\nlog = \"debug\"\n").unwrap();
        let given = Given {
            config: Some(file),
            log: Some("warn".to_owned()),
            ..Given::default()
        };
        let settings = Settings::load(&given).unwrap();
        assert_eq!(settings.log, "warn");
        assert_eq!(settings.listen.port(), 9000);
        assert_eq!(settings.data_dir.to_str(), Some(".annals"));
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("annals.toml");
        std::fs::write(&file, "\nlisten_on = \"127.0.0.1:9000\"\n").unwrap();
        let error = Settings::load(&Given {
            config: Some(file),
            ..Given::default()
        })
        .unwrap_err();
        let text = format!("{error:#}");
        assert!(text.contains("listen_on") && text.contains("line 2"), "{text}");
    }

    #[test]
    fn secrets_are_masked() {
        assert_eq!(
            mask_password("postgres://ada:secret@db/annals"),
            "postgres://ada:********@db/annals"
        );
        assert_eq!(mask_password("postgres://db/annals"), "postgres://db/annals");
        let mut settings = Settings::load(&Given::default()).unwrap();
        settings.admin_token = Some("hush".to_owned());
        assert!(!settings.shown().contains("hush"), "{}", settings.shown());
    }
}
