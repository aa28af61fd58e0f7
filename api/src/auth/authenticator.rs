//! From a token to who asks.

use std::sync::{Arc, Weak};

use domain::{Event, api_key, tenant};
use projections::Reader;
use store::{Filter, Follower, Store};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::cache::{KeyCache, Seen};
use super::token::is_api_key;
use super::{Denied, Identity, lookup, token_hash};
use crate::options::Options;

const REVOCATIONS_KEPT: usize = 1_024;

/// Checks tokens. Cheap to clone; all clones share what they have seen.
#[derive(Clone)]
pub struct Authenticator {
    shared: Arc<Shared>,
}

struct Shared {
    store: Store,
    reader: Reader,
    admin_token_sha256: Option<String>,
    keys: KeyCache,
    revoked: broadcast::Sender<Arc<str>>,
}

impl std::fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authenticator")
    }
}

impl Authenticator {
    /// Checks tokens against the read models, and follows the log to hear of revoked keys at once.
    ///
    /// # Panics
    /// Outside a Tokio runtime.
    #[must_use]
    pub fn new(options: &Options) -> Self {
        let shared = Arc::new(Shared {
            store: options.store.clone(),
            reader: options.reader.clone(),
            admin_token_sha256: options.admin_token_sha256.clone(),
            keys: KeyCache::new(),
            revoked: broadcast::Sender::new(REVOCATIONS_KEPT),
        });
        let tail = options.store.tail();
        let types = ["api_key.revoked", "api_key.rotated"];
        let filter = Filter {
            types: types.map(str::to_owned).into(),
            ..Filter::default()
        };
        tokio::spawn(hear(
            Arc::downgrade(&shared),
            tail.follow(tail.position(), filter),
        ));
        Self { shared }
    }

    /// Who sent a token, and for which tenant; `tenant` is the header by which the platform's administrator
    /// names one.
    ///
    /// # Errors
    /// [`Denied::Unauthenticated`] for a token that opens nothing, [`Denied::UnknownTenant`],
    /// [`Denied::Unavailable`] when the keys can't be looked up.
    pub async fn identify(&self, token: &str, tenant: Option<&str>) -> Result<Identity, Denied> {
        let hash = token_hash(token);
        if self.shared.admin_token_sha256.as_deref() == Some(hash.as_str()) {
            let tenant = match tenant {
                Some(named) => Some(self.tenant_named(named).await?),
                None => None,
            };
            return Ok(Identity::of_platform_admin(tenant));
        }
        if !is_api_key(token) {
            return Err(Denied::Unauthenticated);
        }
        match self.shared.keys.get(&hash) {
            Seen::Good(identity) => Ok(identity),
            Seen::Revoked => Err(Denied::Unauthenticated),
            Seen::Unknown => {
                let identity = self.key_of_hash(&hash).await?.ok_or(Denied::Unauthenticated)?;
                self.shared.keys.put(&hash, identity.clone());
                Ok(identity)
            }
        }
    }

    pub(crate) fn fresh_request_id(&self) -> String {
        self.shared.store.ambient().fresh_id().to_string()
    }

    /// Hears of the tokens that are revoked from now on.
    pub(crate) fn revocations(&self) -> Revocations {
        Revocations(self.shared.revoked.subscribe())
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

    async fn tenant_named(&self, named: &str) -> Result<domain::TenantId, Denied> {
        if let Ok(id) = named.parse() {
            return Ok(id);
        }
        let unknown = || Denied::UnknownTenant(named.to_owned());
        let slug: tenant::Slug = named.parse().map_err(|_| unknown())?;
        let found = lookup::tenant_by_slug(&self.shared.reader, &slug).await?;
        if found.is_some() {
            return found.ok_or_else(unknown);
        }
        lookup::catch_up(&self.shared.store, &self.shared.reader).await?;
        lookup::tenant_by_slug(&self.shared.reader, &slug)
            .await?
            .ok_or_else(unknown)
    }
}

/// Forgets each key whose token is put out of force, as long as somebody checks tokens.
async fn hear(shared: Weak<Shared>, mut follower: Follower) {
    loop {
        let step = follower.next().await;
        let Some(shared) = shared.upgrade() else { return };
        let events = match step {
            Ok(step) => step.events,
            Err(error) => {
                tracing::error!(%error, "api.auth.hear stopped: revoked keys last a second longer");
                return;
            }
        };
        for event in events {
            if let Event::ApiKey(
                api_key::Event::Revoked { previous, .. } | api_key::Event::Rotated { previous, .. },
            ) = &event.event
            {
                shared.keys.revoke(previous.as_str());
                // Nobody may be listening.
                let _listeners = shared.revoked.send(previous.as_str().into());
            }
        }
    }
}

/// The tokens that are revoked, as it happens.
pub(crate) struct Revocations(broadcast::Receiver<Arc<str>>);

impl Revocations {
    /// Waits until the token behind `identity` is revoked; for ever, if it never is.
    pub(crate) async fn of(&mut self, identity: &Identity) {
        let Some(hash) = &identity.token_hash else {
            return std::future::pending().await;
        };
        loop {
            match self.0.recv().await {
                Ok(revoked) if *revoked == **hash => return,
                Ok(_) => {}
                // So many at once that some were missed: better one client too many has to come again.
                Err(RecvError::Lagged(_)) => return,
                Err(RecvError::Closed) => return std::future::pending().await,
            }
        }
    }
}
