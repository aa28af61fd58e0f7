//! Who may come in, and how: the identity provider, hosts, proxies, origins and TLS.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use api::{Hosts, JwtClaims, JwtOptions, Role};
use clap::Args;
use domain::api_key::Origin;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::key_set::HttpKeySet;
use crate::tls::Files;

/// Makes a flag, a variable and a key of each setting.
macro_rules! settings {
    (
        $($(#[doc = $doc:literal])+ $name:ident: $type:ty, $variable:literal, $shape:literal;)+
        lists:
        $($(#[doc = $list_doc:literal])+ $list:ident, $list_variable:literal, $list_shape:literal;)+
    ) => {
        /// What a person may set. Each is a flag, a variable and a key of the file's table `[access]`.
        #[derive(Args, Clone, Debug, Default, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        #[command(next_help_heading = "Access")]
        pub struct GivenAccess {
            $(
                $(#[doc = $doc])+
                #[arg(long, env = $variable, global = true, value_name = $shape, hide_short_help = true)]
                pub $name: Option<$type>,
            )+
            $(
                $(#[doc = $list_doc])+
                #[arg(long, env = $list_variable, value_delimiter = ',', global = true, value_name = $list_shape, hide_short_help = true)]
                pub $list: Option<Vec<String>>,
            )+
        }

        impl GivenAccess {
            /// These settings, and where there are none, those.
            #[must_use]
            pub fn or(self, other: Self) -> Self {
                Self {
                    $($name: self.$name.or(other.$name),)+
                    $($list: self.$list.or(other.$list),)+
                }
            }

            /// The settings in force as the file's table has them.
            pub(crate) fn shown(&self) -> String {
                let mut text = "\n[access]\n".to_owned();
                $(text.push_str(&line(stringify!($name), self.$name.as_ref()));)+
                $(text.push_str(&line(stringify!($list), self.$list.as_ref()));)+
                text
            }
        }
    };
}

settings! {
    /// Whose JSON web tokens are taken: their claim `iss` [default: nobody's]
    jwt_issuer: String, "ANNALS_JWT_ISSUER", "URL";
    /// Where the issuer publishes its keys, for instance https://idp.example/.well-known/jwks.json
    jwks_url: String, "ANNALS_JWKS_URL", "URL";
    /// A PEM file of certificate authorities to trust for `jwks_url` [default: those that browsers trust]
    jwks_ca: PathBuf, "ANNALS_JWKS_CA", "FILE";
    /// Seconds after which the issuer's keys are fetched again [default: 600]
    jwks_refresh_seconds: u64, "ANNALS_JWKS_REFRESH_SECONDS", "NUMBER";
    /// Seconds after a fetch in which no unknown key leads to another [default: 30]
    jwks_cool_down_seconds: u64, "ANNALS_JWKS_COOL_DOWN_SECONDS", "NUMBER";
    /// Seconds by which the issuer's clock may differ [default: 60]
    jwt_leeway_seconds: u64, "ANNALS_JWT_LEEWAY_SECONDS", "NUMBER";
    /// The claim of the person or agent, by name or as a path with dots [default: sub]
    jwt_subject_claim: String, "ANNALS_JWT_SUBJECT_CLAIM", "CLAIM";
    /// The claim of the tenant's id or short name, or of several [default: tenant]
    jwt_tenant_claim: String, "ANNALS_JWT_TENANT_CLAIM", "CLAIM";
    /// The claim of the roles, for instance realm_access.roles [default: roles]
    jwt_roles_claim: String, "ANNALS_JWT_ROLES_CLAIM", "CLAIM";
    /// The tenant of all tokens, where they name none
    jwt_tenant: String, "ANNALS_JWT_TENANT", "TENANT";
    /// The domain under which tenants have their hosts: acme.annals.example is of the tenant acme [default: none]
    base_domain: String, "ANNALS_BASE_DOMAIN", "DOMAIN";
    /// A certificate in PEM, with those between it and its authority: HTTP is served by TLS then; read again
    /// when it changes
    tls_certificate: PathBuf, "ANNALS_TLS_CERTIFICATE", "FILE";
    /// The certificate's private key in PEM
    tls_key: PathBuf, "ANNALS_TLS_KEY", "FILE";
    /// Whether the schema can be asked for [default: in development, there without a token too]
    introspection: bool, "ANNALS_INTROSPECTION", "BOOL";
    /// Whether GraphiQL is served [default: in development]
    graphiql: bool, "ANNALS_GRAPHIQL", "BOOL";
    /// Seconds after which it is written down again that a key is in use; 0: never [default: 3600]
    key_use_seconds: u64, "ANNALS_KEY_USE_SECONDS", "NUMBER";
    /// Seconds in which whoever is turned away again is counted, not told one by one [default: 60]
    denied_seconds: u64, "ANNALS_DENIED_SECONDS", "NUMBER";
    /// Seconds in which a command that is refused again is counted, not told one by one; 0: never told [default: 60]
    refused_seconds: u64, "ANNALS_REFUSED_SECONDS", "NUMBER";
    /// Seconds in which whoever reads sensitive data of one kind again is counted, not told one by one; 0: never told
    /// [default: 60]
    read_seconds: u64, "ANNALS_READ_SECONDS", "NUMBER";
    /// Seconds after which the address and the program by which somebody acts are told again; 0: never told
    /// [default: 86400]
    means_seconds: u64, "ANNALS_MEANS_SECONDS", "NUMBER";
    /// Seconds after which requests are written into the log that were counted by tenant and actor, for the meters of
    /// API calls and active members; 0: they are not counted [default: 300]
    calls_seconds: u64, "ANNALS_CALLS_SECONDS", "NUMBER";
    lists:
    /// The audiences of which a token must name one [default: none, `aud` is not looked at]
    jwt_audience, "ANNALS_JWT_AUDIENCE", "TEXT";
    /// What the token's roles mean here, for instance org:admin=tenant_admin [default: tenant_admin, member,
    /// analyst, auditor and agent by these names]
    jwt_roles, "ANNALS_JWT_ROLES", "NAME=ROLE";
    /// Domains that tenants brought along, for instance crm.acme.com=acme [default: none]
    tenant_domains, "ANNALS_TENANT_DOMAINS", "HOST=TENANT";
    /// Networks of proxies whose X-Forwarded-For, -Host and -Proto, or Forwarded, are believed, for instance
    /// 10.0.0.0/8 [default: none]
    trusted_proxies, "ANNALS_TRUSTED_PROXIES", "NETWORK";
    /// Origins whose pages may ask, for instance https://app.example; * for all [default: none]
    cors_origins, "ANNALS_CORS_ORIGINS", "ORIGIN";
}

fn line<T: Serialize>(name: &str, value: Option<&T>) -> String {
    let value = value.and_then(|value| toml::Value::try_from(value).ok());
    value.map_or_else(
        || format!("# {name} is not set\n"),
        |value| format!("{name} = {value}\n"),
    )
}

impl GivenAccess {
    /// Sets what the gateway needs to know.
    ///
    /// # Errors
    /// When a setting can't be read: it is named.
    pub fn apply(&self, options: &mut api::Options) -> anyhow::Result<()> {
        options.jwt = self.jwt()?;
        options.hosts = self.hosts()?;
        let networks = self.trusted_proxies.iter().flatten();
        let networks = networks.map(|network| network.parse());
        options.trusted_proxies = networks.collect::<Result<_, _>>().context("trusted_proxies")?;
        for origin in self.cors_origins.iter().flatten() {
            if origin != "*" {
                origin.parse::<Origin>().context("cors_origins")?;
            }
        }
        options.cors_origins = self.cors_origins.clone().unwrap_or_default();
        let seconds = |given: Option<u64>, default| given.map_or(default, Duration::from_secs);
        let every = &mut options.record_every;
        every.key_use = seconds(self.key_use_seconds, every.key_use);
        every.denied = seconds(self.denied_seconds, every.denied);
        every.refused = seconds(self.refused_seconds, every.refused);
        every.read = seconds(self.read_seconds, every.read);
        every.calls = seconds(self.calls_seconds, every.calls);
        options.introspection = self.introspection;
        options.graphiql = self.graphiql;
        Ok(())
    }

    /// Whether it is written down who reads what is sensitive.
    #[must_use]
    pub const fn tells_reads(&self) -> bool {
        !matches!(self.read_seconds, Some(0))
    }

    /// How many seconds a while is in which the same reading at the command line is told once; `None`: none is told.
    pub(crate) fn read_every(&self) -> Option<i64> {
        let seconds = self.read_seconds.unwrap_or(60);
        i64::try_from(seconds).ok().filter(|seconds| *seconds > 0)
    }

    /// How many seconds a while is in which the same refusal is told once; `None`: none is told.
    pub(crate) fn refused_every(&self) -> Option<i64> {
        let seconds = self.refused_seconds.unwrap_or(60);
        i64::try_from(seconds).ok().filter(|seconds| *seconds > 0)
    }

    /// After which time the means by which callers come are told again.
    #[must_use]
    pub fn means_every(&self) -> SignedDuration {
        const DAY: u64 = 24 * 60 * 60;
        let seconds = self.means_seconds.unwrap_or(DAY);
        SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX))
    }

    /// How clients write the address.
    pub(crate) fn origin(&self, address: SocketAddr) -> String {
        match self.tls_certificate {
            Some(_) => format!("https://{address}"),
            None => format!("http://{address}"),
        }
    }

    /// Where the certificate lies, if HTTP is to be served by TLS.
    ///
    /// # Errors
    /// When one of its two files is missing in the settings.
    pub fn tls(&self) -> anyhow::Result<Option<Files>> {
        match (&self.tls_certificate, &self.tls_key) {
            (Some(certificate), Some(key)) => Ok(Some(Files {
                certificate: certificate.clone(),
                key: key.clone(),
            })),
            (None, None) => Ok(None),
            (Some(_), None) => bail!("tls_certificate needs tls_key beside it"),
            (None, Some(_)) => bail!("tls_key needs tls_certificate beside it"),
        }
    }

    fn hosts(&self) -> anyhow::Result<Hosts> {
        let mut domains = HashMap::new();
        for pair in self.tenant_domains.iter().flatten() {
            let (host, tenant) = pair
                .split_once('=')
                .filter(|(host, tenant)| !host.is_empty() && !tenant.is_empty())
                .with_context(|| format!("tenant_domains: {pair:?}: HOST=TENANT is needed"))?;
            domains.insert(host.to_ascii_lowercase(), tenant.to_owned());
        }
        let base_domain = self.base_domain.as_deref();
        let base_domain = base_domain.map(|domain| domain.trim_matches('.').to_ascii_lowercase());
        Ok(Hosts { base_domain, domains })
    }

    /// Whose JSON web tokens are taken, if anybody's.
    ///
    /// # Errors
    /// When a setting is missing beside another, or can't be read: it is named.
    pub fn jwt(&self) -> anyhow::Result<Option<JwtOptions>> {
        let (issuer, url) = match (&self.jwt_issuer, &self.jwks_url) {
            (Some(issuer), Some(url)) => (issuer, url),
            (None, None) => return Ok(None),
            (Some(_), None) => {
                bail!("jwt_issuer needs jwks_url beside it: where the issuer publishes its keys")
            }
            (None, Some(_)) => bail!("jwks_url needs jwt_issuer beside it: the claim `iss` of the tokens"),
        };
        let keys = HttpKeySet::try_new(url, self.jwks_ca.as_deref()).context("jwks_url")?;
        let mut options = JwtOptions::new(issuer, Arc::new(keys));
        let seconds = |given: Option<u64>, default| given.map_or(default, Duration::from_secs);
        options.audience = self.jwt_audience.clone().unwrap_or_default();
        options.leeway = seconds(self.jwt_leeway_seconds, options.leeway);
        options.keys_fresh_for = seconds(self.jwks_refresh_seconds, options.keys_fresh_for);
        options.keys_cool_down = seconds(self.jwks_cool_down_seconds, options.keys_cool_down);
        options.tenant.clone_from(&self.jwt_tenant);
        let default = JwtClaims::default();
        options.claims = JwtClaims {
            subject: self.jwt_subject_claim.clone().unwrap_or(default.subject),
            tenant: self.jwt_tenant_claim.clone().unwrap_or(default.tenant),
            roles: self.jwt_roles_claim.clone().unwrap_or(default.roles),
            role_names: match &self.jwt_roles {
                Some(pairs) => role_names(pairs).context("jwt_roles")?,
                None => default.role_names,
            },
        };
        Ok(Some(options))
    }
}

fn role_names(pairs: &[String]) -> anyhow::Result<HashMap<String, Role>> {
    let read = |pair: &String| {
        // A role's name at the provider may have a `=` itself.
        let (name, role) = pair
            .rsplit_once('=')
            .with_context(|| format!("{pair:?}: NAME=ROLE is needed"))?;
        let role = role.parse().ok().with_context(|| {
            format!(
                "{pair:?}: {role:?} is no role; there are platform_admin, tenant_admin, member, analyst, auditor and agent"
            )
        })?;
        Ok((name.to_owned(), role))
    };
    pairs.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use api::Role;

    use super::GivenAccess;

    fn given(toml: &str) -> GivenAccess {
        toml::from_str(toml).unwrap()
    }

    const ISSUER: &str = "jwt_issuer = \"https://idp.example\"\njwks_url = \"https://idp.example/jwks\"\n";

    #[test]
    fn an_issuer_is_read_with_its_claims_and_roles() {
        let settings = format!(
            "{ISSUER}jwt_roles_claim = \"realm_access.roles\"\njwt_roles = [\"org:admin=tenant_admin\"]\njwt_leeway_seconds = 5"
        );
        let options = given(&settings).jwt().unwrap().unwrap();
        assert_eq!(options.claims.roles, "realm_access.roles");
        assert_eq!(options.claims.role_names["org:admin"], Role::TenantAdmin);
        assert_eq!(
            (options.leeway.as_secs(), options.claims.subject.as_str()),
            (5, "sub")
        );
        assert!(GivenAccess::default().jwt().unwrap().is_none());
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        for (settings, wanted) in [
            ("jwt_issuer = \"https://idp.example\"", "jwks_url"),
            ("jwks_url = \"https://idp.example\"", "jwt_issuer"),
            (&format!("{ISSUER}jwt_roles = [\"boss\"]"), "boss"),
            (&format!("{ISSUER}jwt_roles = [\"boss=king\"]"), "king"),
            ("jwt_issuer = \"x\"\njwks_url = \"ftp://idp.example\"", "ftp"),
        ] {
            let error = format!("{:#}", given(settings).jwt().err().unwrap());
            assert!(error.contains(wanted), "{error}");
        }
    }

    #[test]
    fn the_settings_are_shown_as_the_file_has_them() {
        let settings = given(&format!("{ISSUER}jwt_audience = [\"annals\", \"shop\"]"));
        let shown = settings.shown().replace("[access]", "");
        let again = given(&shown);
        assert_eq!(again.jwt_audience, settings.jwt_audience, "{shown}");
        assert_eq!(again.jwt_issuer, settings.jwt_issuer, "{shown}");
    }
}
