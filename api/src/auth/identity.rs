//! Who asks, and what is open to them.

use std::collections::BTreeSet;
use std::net::IpAddr;

use axum::http::StatusCode;
use domain::api_key::{Origin, Scope};
use domain::{Actor, ActorKind, Caller, EventId, Means, TenantId};
use tokio::time::Instant;

use super::{BadToken, Role};
use crate::graphql::kit::Code;

/// Who sent a request, as its token says.
#[derive(Clone, Debug)]
pub struct Identity {
    pub(crate) actor: Actor,
    pub(crate) tenant: Option<TenantId>,
    pub(crate) scopes: BTreeSet<Scope>,
    /// A person's or an agent's; an API key has none, but scopes.
    pub(crate) roles: BTreeSet<Role>,
    pub(crate) is_platform_admin: bool,
    pub(crate) request_id: String,
    /// The event because of which it asks, as it says itself.
    pub(crate) causation_id: Option<EventId>,
    /// The workspace in which it acts, as it says itself.
    pub(crate) workspace: Option<String>,
    /// The hash of an API key's token, to hear when it is revoked.
    pub(crate) token_hash: Option<String>,
    /// The tenant's member that this is, to hear when its role changes.
    pub(crate) member: Option<String>,
    /// When the token ends.
    pub(crate) good_until: Option<Instant>,
    /// Only pages of these origins may use the key; empty: whoever has it.
    pub(crate) origins: BTreeSet<Origin>,
    /// Where the request came from.
    pub(crate) address: Option<IpAddr>,
    /// The program that sent it, as it calls itself.
    pub(crate) user_agent: Option<String>,
}

/// Why a request is turned away.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Denied {
    /// No token, or one that opens nothing (any more).
    #[error("a valid token is needed: send the header `Authorization: Bearer <token>`")]
    Unauthenticated,
    /// The identity provider's token is not good.
    #[error("the token is not good: {0}")]
    BadToken(#[from] BadToken),
    /// Tokens of the identity provider can't be checked without its keys.
    #[error("the keys of the tokens' issuer can't be fetched now, so its tokens can't be checked; try again")]
    NoIssuerKeys,
    /// The token is good, and its person has no role here.
    #[error("the token brings no role that is known here, and its subject is no member of the tenant")]
    NoRole,
    /// The tenant has taken its person out.
    #[error("the member was removed from the tenant")]
    MemberRemoved,
    /// The token names no tenant.
    #[error("the token names no tenant: its claim `{0}` is missing or empty")]
    NoTenantInToken(String),
    /// The token names other tenants than the request.
    #[error("the token is not for this tenant")]
    OtherTenant,
    /// The host is another tenant's.
    #[error("the token is not for the tenant of this host")]
    OtherHost,
    /// No tenant has this host.
    #[error("the host {0:?} belongs to no tenant")]
    UnknownHost(String),
    /// The key is for pages of other origins.
    #[error("this key may be used by pages of its own origins alone, not by {0}")]
    OtherOrigin(String),
    /// The role is not among those that this is open to.
    #[error("{field}: this is not open to the role {roles}; it is open to {open_to}")]
    NotForRole {
        /// What was asked.
        field: String,
        /// The roles of whoever asked.
        roles: String,
        /// The roles that may.
        open_to: String,
    },
    /// Nobody may: the field has no line in the table of who may do what.
    #[error("{0}: this is not open to anybody")]
    NotOpen(String),
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
    #[error("there is no tenant {0:?}")]
    UnknownTenant(String),
    /// The workspace's id can be none.
    #[error("X-Annals-Workspace: {0:?} is no workspace's id")]
    BadWorkspace(String),
    /// The tenant has no such workspace.
    #[error("X-Annals-Workspace: the tenant has no workspace {0:?}: `workspaces` lists those that there are")]
    UnknownWorkspace(String),
    /// The keys can't be looked up now.
    #[error("tokens can't be checked now; try again")]
    Unavailable,
}

impl Denied {
    /// The code of the error that a client gets.
    pub(crate) const fn code(&self) -> Code {
        match self {
            Self::Unauthenticated | Self::BadToken(_) => Code::Unauthenticated,
            Self::MissingScope(_)
            | Self::NotPlatformAdmin
            | Self::NoRole
            | Self::MemberRemoved
            | Self::NoTenantInToken(_)
            | Self::OtherTenant
            | Self::OtherHost
            | Self::OtherOrigin(_)
            | Self::NotForRole { .. }
            | Self::NotOpen(_) => Code::Forbidden,
            Self::NoTenantNamed | Self::BadWorkspace(_) => Code::BadUserInput,
            Self::UnknownTenant(_) | Self::UnknownHost(_) | Self::UnknownWorkspace(_) => Code::NotFound,
            Self::Unavailable | Self::NoIssuerKeys => Code::Unavailable,
        }
    }

    /// The status of an answer over HTTP.
    pub(crate) const fn status(&self) -> StatusCode {
        match self.code() {
            Code::Unauthenticated => StatusCode::UNAUTHORIZED,
            Code::Forbidden => StatusCode::FORBIDDEN,
            Code::BadUserInput => StatusCode::BAD_REQUEST,
            Code::NotFound => StatusCode::NOT_FOUND,
            _ => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl Identity {
    pub(crate) fn of_api_key(tenant: TenantId, key_id: &str, hash: &str, scopes: BTreeSet<Scope>) -> Self {
        Self {
            actor: Actor::new(ActorKind::ApiKey, key_id),
            tenant: Some(tenant),
            scopes,
            roles: BTreeSet::new(),
            is_platform_admin: false,
            request_id: String::new(),
            causation_id: None,
            workspace: None,
            token_hash: Some(hash.to_owned()),
            member: None,
            good_until: None,
            origins: BTreeSet::new(),
            address: None,
            user_agent: None,
        }
    }

    /// Somebody whom the identity provider knows, in these roles.
    pub(crate) fn of_subject(subject: String, roles: BTreeSet<Role>, tenant: Option<TenantId>) -> Self {
        let is_agent = roles.len() == 1 && roles.contains(&Role::Agent);
        let kind = if is_agent {
            ActorKind::Agent
        } else {
            ActorKind::User
        };
        Self {
            actor: Actor::new(kind, subject),
            tenant,
            scopes: Role::scopes_of(&roles),
            is_platform_admin: roles.contains(&Role::PlatformAdmin),
            roles,
            request_id: String::new(),
            causation_id: None,
            workspace: None,
            token_hash: None,
            member: None,
            good_until: None,
            origins: BTreeSet::new(),
            address: None,
            user_agent: None,
        }
    }

    pub(crate) fn of_platform_admin(tenant: Option<TenantId>) -> Self {
        Self {
            actor: Actor::new(ActorKind::System, "platform-admin"),
            tenant,
            scopes: Role::PlatformAdmin.scopes().iter().copied().collect(),
            roles: [Role::PlatformAdmin].into(),
            is_platform_admin: true,
            request_id: String::new(),
            causation_id: None,
            workspace: None,
            token_hash: None,
            member: None,
            good_until: None,
            origins: BTreeSet::new(),
            address: None,
            user_agent: None,
        }
    }

    /// Everything that decides what a subscription may show, as a text: two identities of one scope may share an
    /// execution.
    pub(crate) fn scope(&self) -> String {
        format!(
            "{:?} {:?} {:?} {}",
            self.tenant, self.scopes, self.roles, self.is_platform_admin
        )
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
        let caller = Caller::new(tenant, self.actor.clone()).correlated(self.request_id.clone());
        Caller {
            causation_id: self.causation_id,
            workspace: self.workspace.clone(),
            means: Means::known(
                self.address.map(|address| address.to_string()),
                self.user_agent.as_deref(),
            ),
            ..caller
        }
    }
}
