//! What a token says, read by the settings: whatever provider made it.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Map, Value};

use super::BadToken;
use crate::auth::Role;

/// Which claims tell what. A claim is named as it stands, or by a path with dots (`realm_access.roles`).
#[derive(Clone, Debug)]
pub struct JwtClaims {
    /// The person or agent.
    pub subject: String,
    /// The tenant's id or short name, or several.
    pub tenant: String,
    /// The roles: a list, a text with spaces, or an object whose names they are.
    pub roles: String,
    /// What the token's roles are called here. What is not in it counts for nothing.
    pub role_names: HashMap<String, Role>,
}

impl Default for JwtClaims {
    /// `sub`, `tenant` and `roles`; the roles by their own names, but for the platform's administrator.
    fn default() -> Self {
        let names = Role::OF_A_TENANT.map(|role| (<&str>::from(role).to_owned(), role));
        Self {
            subject: "sub".to_owned(),
            tenant: "tenant".to_owned(),
            roles: "roles".to_owned(),
            role_names: names.into(),
        }
    }
}

/// A token's claims; its signature is good.
#[derive(Debug)]
pub(crate) struct Claims(pub(super) Map<String, Value>);

impl Claims {
    /// Who the token is about.
    pub(crate) fn subject(&self, names: &JwtClaims) -> Result<String, BadToken> {
        match find(&self.0, &names.subject) {
            Some(Value::String(subject)) if !subject.trim().is_empty() => Ok(subject.clone()),
            _ => Err(BadToken::Claim(names.subject.clone(), "a text")),
        }
    }

    /// The tenants that it is good for, by id or short name.
    pub(crate) fn tenants(&self, names: &JwtClaims) -> Vec<String> {
        find(&self.0, &names.tenant).map(words).unwrap_or_default()
    }

    /// The roles that it brings and the settings know.
    pub(crate) fn roles(&self, names: &JwtClaims) -> BTreeSet<Role> {
        let words = find(&self.0, &names.roles).map(words).unwrap_or_default();
        let known = words.iter().filter_map(|word| names.role_names.get(word));
        known.copied().collect()
    }
}

/// The claim of this name, or at the end of this path; names may have dots themselves.
pub(super) fn find<'a>(claims: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    if let Some(value) = claims.get(path) {
        return Some(value);
    }
    path.match_indices('.').find_map(|(dot, _)| {
        let inner = claims.get(&path[..dot])?.as_object()?;
        find(inner, &path[dot + 1..])
    })
}

/// The words of a list, of a text with spaces, or the names of an object.
pub(super) fn words(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => text.split_whitespace().map(str::to_owned).collect(),
        Value::Array(values) => values
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        Value::Object(members) => members.keys().cloned().collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Claims, JwtClaims};
    use crate::auth::Role;

    fn claims(value: Value) -> Claims {
        let Value::Object(all) = value else {
            panic!("{value}")
        };
        Claims(all)
    }

    fn names(tenant: &str, roles: &str, role_names: &[(&str, Role)]) -> JwtClaims {
        JwtClaims {
            tenant: tenant.to_owned(),
            roles: roles.to_owned(),
            role_names: role_names
                .iter()
                .map(|(name, role)| ((*name).to_owned(), *role))
                .collect(),
            ..JwtClaims::default()
        }
    }

    #[test]
    fn the_claims_of_four_providers_are_read_by_their_settings() {
        for (token, names, tenant, role) in [
            (
                json!({ "org_slug": "acme", "org_role": "org:admin" }),
                names("org_slug", "org_role", &[("org:admin", Role::TenantAdmin)]),
                "acme",
                Role::TenantAdmin,
            ),
            (
                json!({ "o": { "slg": "acme", "rol": "admin" } }),
                names("o.slg", "o.rol", &[("admin", Role::TenantAdmin)]),
                "acme",
                Role::TenantAdmin,
            ),
            (
                json!({ "https://example.com/tenant": "acme", "https://example.com/roles": ["reader", "analyst"] }),
                names(
                    "https://example.com/tenant",
                    "https://example.com/roles",
                    &[("analyst", Role::Analyst)],
                ),
                "acme",
                Role::Analyst,
            ),
            (
                json!({ "organization": ["acme"], "realm_access": { "roles": ["offline_access", "auditor"] } }),
                names(
                    "organization",
                    "realm_access.roles",
                    &[("auditor", Role::Auditor)],
                ),
                "acme",
                Role::Auditor,
            ),
            (
                json!({ "organization": { "acme": {} }, "resource_access": { "my.api": { "roles": ["worker"] } } }),
                names(
                    "organization",
                    "resource_access.my.api.roles",
                    &[("worker", Role::Agent)],
                ),
                "acme",
                Role::Agent,
            ),
            (
                json!({ "activeOrganizationId": "acme", "role": "user member" }),
                names("activeOrganizationId", "role", &[("member", Role::Member)]),
                "acme",
                Role::Member,
            ),
        ] {
            let claims = claims(token);
            assert_eq!(claims.tenants(&names), [tenant], "{claims:?}");
            assert_eq!(claims.roles(&names), [role].into(), "{claims:?}");
        }
    }

    #[test]
    fn nobody_becomes_the_platforms_administrator_without_the_settings() {
        let token = claims(json!({ "roles": ["platform_admin", "member", "root"] }));
        assert_eq!(token.roles(&JwtClaims::default()), [Role::Member].into());
    }

    #[test]
    fn a_subject_is_a_text() {
        for wrong in [json!({}), json!({ "sub": 7 }), json!({ "sub": " " })] {
            assert!(claims(wrong).subject(&JwtClaims::default()).is_err());
        }
    }
}
