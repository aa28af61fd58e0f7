//! Which tenant a host is of: a subdomain of the installation's own, or a domain that a tenant brought along.

use std::collections::HashMap;

/// The hosts that belong to tenants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hosts {
    /// The installation's domain: `acme.annals.example` is of the tenant `acme`, `annals.example` of nobody.
    pub base_domain: Option<String>,
    /// Other domains, in lower case, by their tenant's id or short name.
    pub domains: HashMap<String, String>,
}

impl Hosts {
    /// The tenant of a request's host, by id or short name; `None` for a host of nobody's.
    pub(super) fn tenant_of(&self, host: &str) -> Option<String> {
        let host = bare(host);
        if let Some(tenant) = self.domains.get(&host) {
            return Some(tenant.clone());
        }
        let label = host
            .strip_suffix(self.base_domain.as_deref()?)?
            .strip_suffix('.')?;
        Some(label.to_owned())
    }
}

/// A host in lower case, without its port and a last dot.
fn bare(host: &str) -> String {
    let without_port = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    without_port.trim_end_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::Hosts;

    #[test]
    fn a_host_is_a_tenants_by_its_label_or_by_the_list() {
        let hosts = Hosts {
            base_domain: Some("annals.example".to_owned()),
            domains: [("crm.acme.com".to_owned(), "acme".to_owned())].into(),
        };
        for (host, tenant) in [
            ("beta.annals.example", Some("beta")),
            ("BETA.Annals.example.:8443", Some("beta")),
            ("a.beta.annals.example", Some("a.beta")),
            ("crm.acme.com", Some("acme")),
            ("crm.acme.com:8080", Some("acme")),
            ("annals.example", None),
            ("notannals.example", None),
            ("127.0.0.1:8080", None),
            ("[::1]:8080", None),
        ] {
            assert_eq!(hosts.tenant_of(host).as_deref(), tenant, "{host}");
        }
        assert_eq!(Hosts::default().tenant_of("beta.annals.example"), None);
    }
}
