//! Who asks, and what is open to them.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use domain::api_key::Scope;
use domain::{Actor, ActorKind, Caller, TenantId};

/// Who sent a request, as its token says.
#[derive(Clone, Debug)]
pub struct Identity {
    pub(crate) actor: Actor,
    pub(crate) tenant: Option<TenantId>,
    pub(crate) scopes: BTreeSet<Scope>,
    pub(crate) is_platform_admin: bool,
    pub(crate) request_id: String,
    /// The hash of an API key's token, to hear when it is revoked.
    pub(crate) token_hash: Option<String>,
}

/// Why a request is turned away.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// No token, or one that opens nothing (any more).
    #[error("a valid token is needed: send the header `Authorization: Bearer <token>`")]
    Unauthenticated,
    /// The token does not open this.
    #[error("the token needs the scope {0}, which it does not have")]
    MissingScope(Scope),
    /// Only the platform's administrator may.
    #[error("only the platform administrator's token opens this")]
    NotPlatformAdmin,
    /// The platform's administrator has to say for whom.
    #[error("name the tenant: send the header `X-Annals-Tenant` with its id or its slug")]
    NoTenantNamed,
    /// The named tenant does not exist.
    #[error("X-Annals-Tenant: there is no tenant {0:?}")]
    UnknownTenant(String),
    /// The keys can't be looked up now.
    #[error("tokens can't be checked now; try again")]
    Unavailable,
}

impl Denied {
    /// The status of an answer over HTTP.
    pub(crate) const fn status(&self) -> StatusCode {
        match self {
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::MissingScope(_) | Self::NotPlatformAdmin => StatusCode::FORBIDDEN,
            Self::NoTenantNamed => StatusCode::BAD_REQUEST,
            Self::UnknownTenant(_) => StatusCode::NOT_FOUND,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl Identity {
    pub(crate) const ALL_SCOPES: [Scope; 4] = [Scope::Read, Scope::Write, Scope::Ingest, Scope::Admin];

    pub(crate) fn of_api_key(tenant: TenantId, key_id: &str, hash: &str, scopes: BTreeSet<Scope>) -> Self {
        Self {
            actor: Actor::new(ActorKind::ApiKey, key_id),
            tenant: Some(tenant),
            scopes,
            is_platform_admin: false,
            request_id: String::new(),
            token_hash: Some(hash.to_owned()),
        }
    }

    pub(crate) fn of_platform_admin(tenant: Option<TenantId>) -> Self {
        Self {
            actor: Actor::new(ActorKind::System, "platform-admin"),
            tenant,
            scopes: Self::ALL_SCOPES.into(),
            is_platform_admin: true,
            request_id: String::new(),
            token_hash: None,
        }
    }

    /// Everything that decides what a subscription may show, as a text: two identities of one scope may share an
    /// execution.
    pub(crate) fn scope(&self) -> String {
        format!("{:?} {:?} {}", self.tenant, self.scopes, self.is_platform_admin)
    }

    /// Refuses when the token does not open `scope`.
    ///
    /// # Errors
    /// [`Denied::MissingScope`].
    pub fn require(&self, scope: Scope) -> Result<(), Denied> {
        if self.scopes.contains(&scope) {
            Ok(())
        } else {
            Err(Denied::MissingScope(scope))
        }
    }

    /// The caller inside the tenant that the request is for.
    ///
    /// # Errors
    /// [`Denied::NoTenantNamed`] when the platform's administrator did not name one.
    pub fn caller(&self) -> Result<Caller, Denied> {
        Ok(self.caller_in(self.tenant.ok_or(Denied::NoTenantNamed)?))
    }

    /// The platform's administrator, acting in any tenant.
    pub(crate) fn platform_admin_in(&self, tenant: TenantId) -> Result<Caller, Denied> {
        self.require_platform_admin()?;
        Ok(self.caller_in(tenant))
    }

    pub(crate) fn require_platform_admin(&self) -> Result<(), Denied> {
        if self.is_platform_admin {
            Ok(())
        } else {
            Err(Denied::NotPlatformAdmin)
        }
    }

    fn caller_in(&self, tenant: TenantId) -> Caller {
        Caller::new(tenant, self.actor.clone()).correlated(self.request_id.clone())
    }
}
