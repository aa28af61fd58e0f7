//! What the read models know of tokens and tenants.

use std::time::Duration;

use domain::tenant::Slug;
use domain::workspace::WorkspaceId;
use domain::{Actor, ActorKind, EntityId as _, StreamId, TenantId};
use projections::api_key::ApiKeys;
use projections::member::MemberList;
use projections::tenant::Tenants;
use projections::workspace::WorkspaceList;
use projections::{QueryError, ReadModel, Reader};
use store::Store;

use super::authenticator::Shared;
use super::revocations::instant_in;
use super::{Denied, Identity};

const CATCH_UP_WITHIN: Duration = Duration::from_secs(1);

/// What tokens and tenants are looked up in.
const LOOKED_UP: [&str; 3] = [ApiKeys::NAME, MemberList::NAME, Tenants::NAME];

/// What the read models know when somebody was not found and is looked for again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// All that was in the log: who is not found now is not there.
    All,
    /// Not all of it yet.
    NotAll,
}

impl Known {
    /// Of somebody who was not found: nobody can say so as long as not all is known.
    pub(super) fn or_later<T>(self, found: Option<T>) -> Result<Option<T>, Denied> {
        match (self, found) {
            (Self::NotAll, None) => Err(Denied::Unavailable),
            (_, found) => Ok(found),
        }
    }
}

/// What the state of a key says when its token opens something.
const ACTIVE: &str = "active";

/// The key whose token has this hash, if it is in force, or goes on beside the one that is.
pub(super) async fn api_key(shared: &Shared, hash: &str) -> Result<Option<Identity>, Denied> {
    let key = shared.reader.api_key_by_hash(hash).await.map_err(unavailable)?;
    let Some(key) = key.filter(|key| key.state == ACTIVE) else {
        return Ok(None);
    };
    let good_until = if key.hash == hash {
        None
    } else {
        let now = shared.store.ambient().now();
        let Some(until) = key.previous_until.filter(|until| *until > now) else {
            return Ok(None);
        };
        Some(instant_in(until.as_second() - now.as_second()))
    };
    Ok(Some(Identity {
        good_until,
        origins: key.origins,
        ..Identity::of_api_key(key.tenant_id, &key.id, hash, key.scopes)
    }))
}

/// Whose the token of this hash is or was.
pub(super) async fn owner(reader: &Reader, hash: &str) -> Result<Option<(TenantId, Actor)>, Denied> {
    let key = reader.api_key_by_hash(hash).await.map_err(unavailable)?;
    Ok(key.map(|key| (key.tenant_id, Actor::new(ActorKind::ApiKey, key.id))))
}

/// The tenant of this name: of several that asked for it, the first.
async fn tenant_by_slug(reader: &Reader, slug: &Slug) -> Result<Option<TenantId>, Denied> {
    let tenants = reader.tenants(Some(slug.as_str())).await.map_err(unavailable)?;
    Ok(tenants.first().map(|tenant| tenant.tenant_id))
}

/// The tenant of this id or short name.
pub(super) async fn tenant_named(shared: &Shared, named: &str) -> Result<TenantId, Denied> {
    if let Ok(id) = named.parse() {
        return Ok(id);
    }
    let unknown = || Denied::UnknownTenant(named.to_owned());
    let slug: Slug = named.parse().map_err(|_| unknown())?;
    if let Some(found) = tenant_by_slug(&shared.reader, &slug).await? {
        return Ok(found);
    }
    let known = catch_up(&shared.store, &shared.reader).await?;
    let found = tenant_by_slug(&shared.reader, &slug).await?;
    known.or_later(found)?.ok_or_else(unknown)
}

/// Waits a moment until the read models that know tokens and tenants have seen what is in the log now.
pub(super) async fn catch_up(store: &Store, reader: &Reader) -> Result<Known, Denied> {
    let head = store.log().head().await.map_err(unavailable)?;
    match reader.wait_for_those(&LOOKED_UP, head, CATCH_UP_WITHIN).await {
        Ok(()) => Ok(Known::All),
        Err(QueryError::NotThere { .. }) => Ok(Known::NotAll),
        Err(error) => Err(unavailable(error)),
    }
}

/// The keys can't be looked up: said in full in the log alone.
pub(super) fn unavailable(error: impl std::fmt::Display) -> Denied {
    tracing::warn!(%error, "api.auth.lookup failed");
    Denied::Unavailable
}

/// Refuses a workspace that the tenant does not have. One that was set up is known at once, and for ever.
pub(super) async fn workspace(shared: &Shared, tenant: TenantId, id: &WorkspaceId) -> Result<(), Denied> {
    if shared.keys.has_workspace(tenant, id.as_str()) {
        return Ok(());
    }
    let stream = StreamId {
        aggregate_type: WorkspaceList::NAME,
        tenant,
        id: id.to_string(),
    };
    match shared.store.has_stream(&stream).await {
        Ok(true) => {
            shared.keys.put_workspace(tenant, id.as_str());
            Ok(())
        }
        Ok(false) => Err(Denied::UnknownWorkspace(id.to_string())),
        Err(error) => {
            tracing::warn!(%error, "api.auth.workspace can't be looked up");
            Err(Denied::Unavailable)
        }
    }
}
