//! Who asks.

use async_graphql::{Object, Result, SimpleObject};

use super::api_key::Scope;
use super::kit::{Context, Ulid};
use crate::auth::Identity;

/// Who asks, as the token says.
#[derive(SimpleObject)]
pub(crate) struct Me {
    /// Who it is, as kind:id; events carry it as their actor.
    actor: String,
    /// The tenant whose data is touched; null for the platform's administrator when none is named.
    tenant_id: Option<Ulid>,
    /// What the token opens.
    scopes: Vec<Scope>,
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
            is_platform_admin: identity.is_platform_admin,
        })
    }
}
