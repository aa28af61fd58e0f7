//! Who asks.

use async_graphql::{Enum, Object, Result, SimpleObject};

use super::api_key::Scope;
use super::kit::{Context, Ulid};
use crate::auth::{self, Identity};

/// What somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "auth::Role")]
pub(crate) enum AccessRole {
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

/// Who asks, as the token says.
#[derive(SimpleObject)]
pub(crate) struct Me {
    /// Who it is, as kind:id; events carry it as their actor.
    actor: String,
    /// The tenant whose data is touched; null for the platform's administrator when none is named.
    tenant_id: Option<Ulid>,
    /// What the token opens.
    scopes: Vec<Scope>,
    /// A person's or an agent's roles; an API key has scopes alone.
    roles: Vec<AccessRole>,
    /// Whether this is the platform's administrator.
    is_platform_admin: bool,
}

/// What can be asked about oneself.
#[derive(Default)]
pub(crate) struct MeQuery;

#[Object]
impl MeQuery {
    /// Who asks, as the token says.
    async fn me(&self, ctx: &Context<'_>) -> Result<Me> {
        let identity = ctx.data::<Identity>()?;
        Ok(Me {
            actor: identity.actor.to_string(),
            tenant_id: identity.tenant.map(Into::into),
            scopes: identity.scopes.iter().copied().map(Into::into).collect(),
            roles: identity.roles.iter().copied().map(Into::into).collect(),
            is_platform_admin: identity.is_platform_admin,
        })
    }
}
