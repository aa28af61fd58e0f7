//! What the read models know of tokens and tenants.

use std::time::Duration;

use domain::TenantId;
use domain::tenant::Slug;
use projections::api_key::ApiKeys;
use projections::tenant::Tenants;
use projections::{QueryError, ReadModel, Reader};
use store::Store;

use super::{Denied, Identity};

const CATCH_UP_WITHIN: Duration = Duration::from_secs(1);

/// What is looked up here.
const LOOKED_UP: [&str; 2] = [ApiKeys::NAME, Tenants::NAME];

/// What the state of a key says when its token opens something.
const ACTIVE: &str = "active";

/// The key whose token has this hash, if it is in force.
pub(super) async fn api_key(reader: &Reader, hash: &str) -> Result<Option<Identity>, Denied> {
    let key = reader.api_key_by_hash(hash).await.map_err(unavailable)?;
    let in_force = key.filter(|key| key.state == ACTIVE);
    Ok(in_force.map(|key| Identity::of_api_key(key.tenant_id, &key.id, hash, key.scopes)))
}

/// The tenant of this name: of several that asked for it, the first.
pub(super) async fn tenant_by_slug(reader: &Reader, slug: &Slug) -> Result<Option<TenantId>, Denied> {
    let tenants = reader.tenants(Some(slug.as_str())).await.map_err(unavailable)?;
    Ok(tenants.first().map(|tenant| tenant.tenant_id))
}

/// Waits a moment until the read models that know tokens and tenants have seen what is in the log now.
pub(super) async fn catch_up(store: &Store, reader: &Reader) -> Result<(), Denied> {
    let head = store.log().head().await.map_err(unavailable)?;
    match reader.wait_for_those(&LOOKED_UP, head, CATCH_UP_WITHIN).await {
        // What is not there yet is looked for all the same.
        Ok(()) | Err(QueryError::NotThere { .. }) => Ok(()),
        Err(error) => Err(unavailable(error)),
    }
}

/// The keys can't be looked up: said in full in the log alone.
fn unavailable(error: impl std::fmt::Display) -> Denied {
    tracing::warn!(%error, "api.auth.lookup failed");
    Denied::Unavailable
}
