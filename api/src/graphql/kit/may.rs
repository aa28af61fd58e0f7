//! The second lock, one word in a slice's file: the scope that an API key needs. Which roles and which keys may
//! ask for which field is in `auth/table.rs`, which is looked at before anything runs.

use domain::api_key::Scope;
use domain::{Caller, TenantId};
use store::Ambient;

use super::{Head, UserError, parsed};
use crate::auth::{Denied, Identity};

/// Who may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum May {
    /// Tokens with the scope `admin`.
    Admin,
    /// Tokens with the scope `ingest` or `write`.
    Ingest,
    /// The platform's administrator, in the tenant that the input's `id` names.
    Platform,
    /// Tokens with the scope `read`.
    Read,
    /// Tokens with the scope `write`.
    Write,
}

impl May {
    /// Refuses a key that does not open this; roles are the table's affair, the platform's excepted.
    pub(crate) fn check(self, identity: &Identity) -> Result<(), Denied> {
        if !identity.roles.is_empty() && self != Self::Platform {
            return Ok(());
        }
        match self {
            Self::Admin => identity.require(Scope::Admin),
            Self::Ingest => identity
                .require(Scope::Ingest)
                .or_else(|denied| identity.require(Scope::Write).map_err(|_| denied)),
            Self::Platform => identity.require_platform_admin(),
            Self::Read => identity.require(Scope::Read),
            Self::Write => identity.require(Scope::Write),
        }
    }

    /// The caller in whose name a command runs. The platform's commands name their tenant by the input's
    /// `id`; a new tenant without one gets a fresh id.
    pub(crate) fn caller(
        self,
        identity: &Identity,
        ambient: &Ambient,
        head: &mut Head,
    ) -> Result<Result<Caller, UserError>, Denied> {
        self.check(identity)?;
        if self != Self::Platform {
            return identity.caller().map(Ok);
        }
        let tenant = match &head.id {
            Some(text) => parsed::<TenantId>("id", text),
            None => Ok(TenantId::new(ambient.fresh_id())),
        };
        match tenant {
            Ok(tenant) => {
                head.id = Some(tenant.to_string());
                identity.platform_admin_in(tenant).map(Ok)
            }
            Err(error) => Ok(Err(error)),
        }
    }
}
