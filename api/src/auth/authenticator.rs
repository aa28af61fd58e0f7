//! From a token to who asks.

use std::sync::Arc;

use domain::TenantId;
use projections::Reader;
use store::{Filter, Store};
use tokio::sync::broadcast;

use super::cache::{KeyCache, Seen};
use super::jwt::Jwt;
use super::revocations::{ENDS, Ended, hear};
use super::token::{is_api_key, looks_like_jwt};
use super::{Denied, Identity, Revocations, lookup, subject, token_hash};
use crate::options::Options;

const ENDS_KEPT: usize = 1_024;

/// Checks tokens. Cheap to clone; all clones share what they have seen.
#[derive(Clone)]
pub struct Authenticator {
    shared: Arc<Shared>,
}

pub(super) struct Shared {
    pub(super) store: Store,
    pub(super) reader: Reader,
    pub(super) keys: KeyCache,
    pub(super) ended: broadcast::Sender<Ended>,
    admin_token_sha256: Option<String>,
    jwt: Option<Jwt>,
}

/// What a request says of who sent it, and for which tenant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Credentials<'a> {
    /// The bearer token.
    pub(crate) token: &'a str,
    /// The header by which a tenant is named.
    pub(crate) tenant: Option<&'a str>,
}

impl std::fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authenticator")
    }
}

impl Authenticator {
    /// Checks tokens against the read models, and follows the log to hear at once of keys that are revoked and
    /// of members that change.
    ///
    /// # Panics
    /// Outside a Tokio runtime.
    #[must_use]
    pub fn new(options: &Options) -> Self {
        let shared = Arc::new(Shared {
            store: options.store.clone(),
            reader: options.reader.clone(),
            keys: KeyCache::new(),
            ended: broadcast::Sender::new(ENDS_KEPT),
            admin_token_sha256: options.admin_token_sha256.clone(),
            jwt: options.jwt.clone().map(Jwt::new),
        });
        let tail = options.store.tail();
        let filter = Filter {
            types: ENDS.map(str::to_owned).into(),
            ..Filter::default()
        };
        let follower = tail.follow(tail.position(), filter);
        tokio::spawn(hear(Arc::downgrade(&shared), follower));
        Self { shared }
    }

    /// Who sent a token, and for which tenant.
    ///
    /// # Errors
    /// [`Denied`], when the token opens nothing or not this tenant, or can't be checked now.
    pub(crate) async fn identify(&self, credentials: &Credentials<'_>) -> Result<Identity, Denied> {
        let shared = &*self.shared;
        let hash = token_hash(credentials.token);
        if shared.admin_token_sha256.as_deref() == Some(hash.as_str()) {
            return Ok(Identity::of_platform_admin(credentials.asked_for(shared).await?));
        }
        if is_api_key(credentials.token) {
            return match shared.keys.get(&hash) {
                Seen::Good(identity) => Ok(identity),
                Seen::Revoked => Err(Denied::Unauthenticated),
                Seen::Unknown => {
                    let identity = self.key_of_hash(&hash).await?.ok_or(Denied::Unauthenticated)?;
                    shared.keys.put(&hash, identity.clone());
                    Ok(identity)
                }
            };
        }
        let Some(jwt) = shared.jwt.as_ref().filter(|_| looks_like_jwt(credentials.token)) else {
            return Err(Denied::Unauthenticated);
        };
        // A token may be good for several tenants.
        let hash = format!("{hash} {}", credentials.tenant.unwrap_or_default());
        if let Seen::Good(identity) = shared.keys.get(&hash) {
            return Ok(identity);
        }
        let identity = subject::identify(shared, jwt, credentials).await?;
        shared.keys.put(&hash, identity.clone());
        Ok(identity)
    }

    pub(crate) fn fresh_request_id(&self) -> String {
        self.shared.store.ambient().fresh_id().to_string()
    }

    /// Hears of the tokens that end from now on.
    pub(crate) fn revocations(&self) -> Revocations {
        Revocations(self.shared.ended.subscribe())
    }

    async fn key_of_hash(&self, hash: &str) -> Result<Option<Identity>, Denied> {
        let found = lookup::api_key(&self.shared.reader, hash).await?;
        if found.is_some() {
            return Ok(found);
        }
        // The key may have been issued a moment ago, and the read model may not have heard of it.
        lookup::catch_up(&self.shared.store, &self.shared.reader).await?;
        lookup::api_key(&self.shared.reader, hash).await
    }
}

impl Credentials<'_> {
    /// The tenant that the request itself names.
    pub(super) async fn asked_for(&self, shared: &Shared) -> Result<Option<TenantId>, Denied> {
        match self.tenant {
            Some(named) => Ok(Some(lookup::tenant_named(shared, named).await?)),
            None => Ok(None),
        }
    }
}
