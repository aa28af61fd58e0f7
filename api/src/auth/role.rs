//! What people and agents are to the gateway; what each may do is in `table`.

use std::collections::BTreeSet;
use std::fmt;

use domain::api_key::Scope;
use domain::member;

/// A role in a token, or of a member.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    strum::EnumIter,
    strum::EnumString,
    strum::IntoStaticStr,
)]
#[strum(serialize_all = "snake_case")]
pub enum Role {
    /// Runs the installation, in any tenant.
    PlatformAdmin,
    /// Runs a tenant.
    TenantAdmin,
    /// Does the daily work.
    Member,
    /// Reads the results.
    Analyst,
    /// Reads everything, the audit feed included.
    Auditor,
    /// A program that works for a tenant by itself.
    Agent,
}

impl Role {
    /// The roles that a token may bring without being told so by the settings.
    pub const OF_A_TENANT: [Self; 5] = [
        Self::TenantAdmin,
        Self::Member,
        Self::Analyst,
        Self::Auditor,
        Self::Agent,
    ];

    /// What an API key would need for the same: the lock of the routes that have no fields.
    pub(crate) const fn scopes(self) -> &'static [Scope] {
        match self {
            Self::PlatformAdmin | Self::TenantAdmin => {
                &[Scope::Read, Scope::Write, Scope::Ingest, Scope::Admin]
            }
            Self::Member | Self::Agent => &[Scope::Read, Scope::Write, Scope::Ingest],
            Self::Analyst | Self::Auditor => &[Scope::Read],
        }
    }

    /// What all of these roles need together.
    pub(crate) fn scopes_of(roles: &BTreeSet<Self>) -> BTreeSet<Scope> {
        roles.iter().flat_map(|role| role.scopes()).copied().collect()
    }
}

impl From<member::Role> for Role {
    fn from(role: member::Role) -> Self {
        match role {
            member::Role::Owner | member::Role::Admin => Self::TenantAdmin,
            member::Role::Member => Self::Member,
            member::Role::Analyst => Self::Analyst,
            member::Role::Auditor => Self::Auditor,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name: &str = self.into();
        f.write_str(&name.replace('_', " "))
    }
}
