//! What the read models know of tokens and tenants.

use std::time::Duration;

use crate::reader_stub::Reader;
use domain::TenantId;
use domain::tenant::Slug;
use store::Store;

use super::{Denied, Identity};

const CATCH_UP_WITHIN: Duration = Duration::from_secs(1);

/// The key whose token has this hash, if it is in force.
pub(super) async fn api_key(_reader: &Reader, _hash: &str) -> Result<Option<Identity>, Denied> {
    Ok(None)
}

/// The tenant of this name.
pub(super) async fn tenant_by_slug(_reader: &Reader, _slug: &Slug) -> Result<Option<TenantId>, Denied> {
    Ok(None)
}

/// Waits a moment until the read models have seen what is in the log now.
pub(super) async fn catch_up(store: &Store, reader: &Reader) -> Result<(), Denied> {
    let head = store.log().head().await.map_err(unavailable)?;
    let _late_is_as_good_as_never = reader
        .wait_for(head, CATCH_UP_WITHIN)
        .await
        .map_err(unavailable)?;
    Ok(())
}

/// The keys can't be looked up: said in full in the log alone.
fn unavailable(error: impl std::fmt::Display) -> Denied {
    tracing::warn!(%error, "api.auth.lookup failed");
    Denied::Unavailable
}
