//! The settings of webhooks that come in: who may send, and how it signs.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use ingest::webhooks::{Clerk, Encoding, Hmac, Sender, Source, Sources, Stripe};
use jiff::SignedDuration;
use serde::Deserialize;
use store::Log;

use crate::tenants;

/// How far from now a signed time may be, unless it is set otherwise.
const TOLERANCE_S: u64 = 300;

/// For how many days bodies stay, unless it is set otherwise.
const BODY_DAYS: u16 = 30;

/// What a person may set about webhooks that come in. Sources are given by flags and variables, or as tables
/// `[[webhooks_in.sources]]` in the TOML file, which can say more.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[command(next_help_heading = "Webhooks in")]
pub struct GivenWebhookSources {
    /// A source of webhooks: its name in the URL, what it is (clerk, stripe, github, whatsapp) and the tenant whose
    /// source it is; may be repeated
    #[arg(
        long = "webhook-source",
        env = "ANNALS_WEBHOOK_SOURCES",
        global = true,
        value_name = "NAME=KIND@TENANT",
        value_delimiter = ',',
        hide_short_help = true
    )]
    #[serde(skip)]
    pub webhook_sources: Option<Vec<String>>,
    /// A secret of a source; several while one takes another's place; may be repeated
    #[arg(
        long = "webhook-secret",
        env = "ANNALS_WEBHOOK_SECRETS",
        global = true,
        value_name = "NAME=SECRET",
        value_delimiter = ',',
        hide_short_help = true,
        hide_env_values = true
    )]
    #[serde(skip)]
    pub webhook_secrets: Option<Vec<String>>,
    /// How many bytes a delivery may have [default: 1048576]
    #[arg(
        long,
        env = "ANNALS_WEBHOOK_BODY_BYTES",
        global = true,
        value_name = "BYTES",
        hide_short_help = true
    )]
    #[serde(rename = "body_bytes")]
    pub webhook_body_bytes: Option<usize>,
    /// How many days the body of a webhook stays after it came, once it was processed; 0: for ever [default: 30]
    #[arg(
        long,
        env = "ANNALS_WEBHOOK_BODY_DAYS",
        global = true,
        value_name = "DAYS",
        hide_short_help = true
    )]
    #[serde(rename = "body_days")]
    pub webhook_body_days: Option<u16>,
    /// The file's tables.
    #[arg(skip)]
    #[serde(default)]
    pub sources: Vec<GivenSource>,
}

/// A source as a table of the TOML file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GivenSource {
    /// Its name: the last part of its URL.
    pub name: String,
    /// `clerk`, `stripe`, `github`, `whatsapp` or `hmac`.
    pub kind: String,
    /// The tenant whose source it is: slug or id.
    pub tenant: String,
    /// What signs.
    #[serde(default)]
    pub secrets: Vec<String>,
    /// How far from now a signed time may be, in seconds.
    pub tolerance_s: Option<u64>,
    /// Clerk: organizations that are tenants of another origin, by their ids.
    #[serde(default)]
    pub organizations: BTreeMap<String, String>,
    /// Clerk: the time zone of the tenants that it brings.
    pub time_zone: Option<String>,
    /// Clerk: the currency of the tenants that it brings.
    pub currency: Option<String>,
    /// Stripe: prices, by their ids, and the plans that they are of.
    #[serde(default)]
    pub plans: BTreeMap<String, String>,
    /// `hmac`: the header with the signature.
    pub header: Option<String>,
    /// `hmac`: what stands before the signature.
    pub prefix: Option<String>,
    /// `hmac`: `hex` or `base64`.
    pub encoding: Option<String>,
    /// `hmac`: the header with the delivery's id.
    pub id_header: Option<String>,
    /// `hmac`: the header with the event's type.
    pub type_header: Option<String>,
    /// WhatsApp and `hmac`: the word that answers Meta's challenge.
    pub verify_token: Option<String>,
}

impl GivenWebhookSources {
    /// These settings where they are given, else the other ones; the file's tables stay.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            webhook_sources: self.webhook_sources.or(other.webhook_sources),
            webhook_secrets: self.webhook_secrets.or(other.webhook_secrets),
            webhook_body_bytes: self.webhook_body_bytes.or(other.webhook_body_bytes),
            webhook_body_days: self.webhook_body_days.or(other.webhook_body_days),
            sources: if self.sources.is_empty() {
                other.sources
            } else {
                self.sources
            },
        }
    }

    /// For how long bodies stay; `None`: for ever.
    #[must_use]
    pub fn keep(&self) -> Option<SignedDuration> {
        let days = self.webhook_body_days.unwrap_or(BODY_DAYS);
        (days > 0).then(|| SignedDuration::from_hours(24 * i64::from(days)))
    }

    /// The sources, their tenants looked up.
    ///
    /// # Errors
    /// When a source is not of its form, has no secret, or its tenant is not there.
    pub async fn sources(&self, log: &Log) -> anyhow::Result<Sources> {
        let mut sources = Sources::new();
        for given in self.given()? {
            let named = || format!("webhook source {:?}", given.name);
            let tenant = tenants::find(log, &given.tenant).await.with_context(named)?;
            let mut organizations = BTreeMap::new();
            for (organization, tenant) in &given.organizations {
                let tenant = tenants::find(log, tenant).await.with_context(named)?;
                organizations.insert(organization.clone(), tenant);
            }
            let source = Source {
                name: given.name.clone(),
                tenant,
                secrets: given.secrets.clone(),
                tolerance: Duration::from_secs(given.tolerance_s.unwrap_or(TOLERANCE_S)),
                sender: given.sender(organizations).with_context(named)?,
            };
            ensure!(
                sources.insert(given.name.clone(), source).is_none(),
                "{} is given twice",
                named()
            );
        }
        Ok(sources)
    }

    /// The tenant of a source, as it was given.
    pub(crate) fn tenant_of(&self, name: &str) -> Option<String> {
        let sources = self.given().ok()?;
        let source = sources.into_iter().find(|source| source.name == name)?;
        Some(source.tenant)
    }

    /// All sources as they are given, each with its secrets.
    fn given(&self) -> anyhow::Result<Vec<GivenSource>> {
        let mut sources = self.sources.clone();
        for given in self.webhook_sources.iter().flatten() {
            let parts = given
                .split_once('=')
                .and_then(|(name, rest)| Some((name, rest.split_once('@')?)));
            let Some((name, (kind, tenant))) = parts else {
                bail!("--webhook-source: {given:?} is not of the form NAME=KIND@TENANT");
            };
            sources.push(GivenSource {
                name: name.to_owned(),
                kind: kind.to_owned(),
                tenant: tenant.to_owned(),
                ..GivenSource::default()
            });
        }
        for given in self.webhook_secrets.iter().flatten() {
            // What is not of the form may be a secret: it is not shown.
            let (name, secret) = given
                .split_once('=')
                .context("--webhook-secret: one is not of the form NAME=SECRET")?;
            let source = sources.iter_mut().find(|source| source.name == name);
            let source =
                source.with_context(|| format!("--webhook-secret: there is no webhook source {name:?}"))?;
            source.secrets.push(secret.to_owned());
        }
        for source in &sources {
            let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
            let name = &source.name;
            ensure!(
                !name.is_empty() && name.len() <= 60 && name.bytes().all(is_part),
                "webhook source {name:?}: a name has 1 to 60 characters of A-Z, a-z, 0-9, '-', '_' and '.'"
            );
            ensure!(
                !source.secrets.is_empty() && source.secrets.iter().all(|secret| !secret.is_empty()),
                "webhook source {name:?} has no secret: give --webhook-secret {name}=... (or ANNALS_WEBHOOK_SECRETS)"
            );
        }
        Ok(sources)
    }

    /// The settings in force as a TOML file would have them, secrets masked.
    #[must_use]
    pub fn shown(&self) -> String {
        let bytes = self
            .webhook_body_bytes
            .unwrap_or(ingest::webhooks::DEFAULT_BODY_BYTES);
        let days = self.webhook_body_days.unwrap_or(BODY_DAYS);
        let mut text = format!("\n[webhooks_in]\nbody_bytes = {bytes}\nbody_days = {days}\n");
        for source in self.given().unwrap_or_default() {
            text.push_str(&format!(
                "\n[[webhooks_in.sources]]\nname = {:?}\nkind = {:?}\ntenant = {:?}\nsecrets = {:?}\n",
                source.name,
                source.kind,
                source.tenant,
                vec!["********"; source.secrets.len()]
            ));
        }
        text
    }
}

impl GivenSource {
    fn sender(&self, organizations: BTreeMap<String, domain::TenantId>) -> anyhow::Result<Sender> {
        Ok(match self.kind.as_str() {
            "clerk" => Sender::Clerk(Clerk {
                organizations,
                time_zone: self.time_zone.as_deref().unwrap_or("UTC").parse()?,
                currency: self.currency.as_deref().unwrap_or("USD").parse()?,
            }),
            "stripe" => {
                let plan = |(price, plan): (&String, &String)| anyhow::Ok((price.clone(), plan.parse()?));
                Sender::Stripe(Stripe {
                    plans: self.plans.iter().map(plan).collect::<Result<_, _>>()?,
                })
            }
            "github" => Sender::Hmac(Hmac::github()),
            "whatsapp" => Sender::Hmac(Hmac::whatsapp(self.verify_token.clone())),
            "hmac" => Sender::Hmac(Hmac {
                header: self
                    .header
                    .clone()
                    .context("header: `hmac` needs one")?
                    .to_ascii_lowercase(),
                prefix: self.prefix.clone().unwrap_or_default(),
                encoding: match self.encoding.as_deref().unwrap_or("hex") {
                    "hex" => Encoding::Hex,
                    "base64" => Encoding::Base64,
                    other => bail!("encoding: {other:?} is neither hex nor base64"),
                },
                id_header: self.id_header.clone(),
                type_header: self.type_header.clone(),
                verify_token: self.verify_token.clone(),
            }),
            other => bail!("kind: {other:?} is none of clerk, stripe, github, whatsapp, hmac"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{GivenSource, GivenWebhookSources};

    fn given(sources: &[&str], secrets: &[&str]) -> GivenWebhookSources {
        let owned = |texts: &[&str]| Some(texts.iter().map(|text| (*text).to_owned()).collect());
        GivenWebhookSources {
            webhook_sources: owned(sources),
            webhook_secrets: owned(secrets),
            ..GivenWebhookSources::default()
        }
    }

    #[test]
    fn what_is_no_source_is_named_and_no_secret_is_shown() {
        let wrong = [
            (given(&["billing"], &[]), "NAME=KIND@TENANT"),
            (given(&["billing=stripe@acme"], &[]), "has no secret"),
            (given(&["billing=stripe@acme"], &["billing="]), "has no secret"),
            (given(&["billing=stripe@acme"], &["hush"]), "NAME=SECRET"),
            (given(&["billing=stripe@acme"], &["other=hush"]), "\"other\""),
            (given(&["a/b=stripe@acme"], &["a/b=hush"]), "A-Z"),
        ];
        for (settings, named) in wrong {
            let error = settings.given().unwrap_err().to_string();
            assert!(error.contains(named) && !error.contains("hush"), "{error}");
        }
        let right = given(&["billing=stripe@acme"], &["billing=hush", "billing=hush2"]);
        let shown = right.shown();
        assert!(shown.contains("billing") && !shown.contains("hush"), "{shown}");
        assert_eq!(right.given().unwrap()[0].secrets, ["hush", "hush2"]);
        let kind = |kind: &str| GivenSource {
            kind: kind.to_owned(),
            ..GivenSource::default()
        };
        for (source, named) in [(kind("paddle"), "none of clerk"), (kind("hmac"), "header")] {
            let error = source
                .sender(std::collections::BTreeMap::new())
                .unwrap_err()
                .to_string();
            assert!(error.contains(named), "{error}");
        }
    }
}
