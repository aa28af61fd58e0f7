//! The issuer's keys, kept for a while: fetched again when they are old or when a token names another, and
//! never more often than the cool-down lets.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::time::Instant;

use super::keys::KeySet;

/// How long keys that can't be fetched again are trusted.
const TRUSTED_FOR: Duration = Duration::from_secs(24 * 60 * 60);
/// How soon a fetch is tried again when there are no keys at all.
const WITHOUT_KEYS: Duration = Duration::from_secs(1);

/// Fetches the issuer's key set: only the program's edge does.
pub trait KeySetSource: Send + Sync {
    /// The set as it is published, or why it can't be had: with the address, for the operator.
    fn fetch(&self) -> BoxFuture<'_, Result<Vec<u8>, String>>;
}

/// The keys that are known.
pub(super) struct KeyRing {
    source: Arc<dyn KeySetSource>,
    fresh_for: Duration,
    cool_down: Duration,
    known: RwLock<Known>,
    /// One fetch at a time.
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Clone, Default)]
struct Known {
    keys: Option<(Arc<KeySet>, Instant)>,
    tried_at: Option<Instant>,
}

impl KeyRing {
    pub(super) fn new(source: Arc<dyn KeySetSource>, fresh_for: Duration, cool_down: Duration) -> Self {
        Self {
            source,
            fresh_for,
            cool_down,
            known: RwLock::default(),
            fetching: tokio::sync::Mutex::new(()),
        }
    }

    /// The keys among which a token's is to be looked for; `None` when there are none to be had now.
    pub(super) async fn keys(self: &Arc<Self>, kid: Option<&str>) -> Option<Arc<KeySet>> {
        let known = self.known();
        match known.trusted() {
            Some((keys, fetched_at)) if keys.has(kid) => {
                if fetched_at.elapsed() > self.fresh_for && self.may_try(&known) {
                    let ring = Arc::clone(self);
                    tokio::spawn(async move { ring.fetch(known.tried_at).await });
                }
                Some(keys)
            }
            _ => {
                if self.may_try(&known) {
                    self.fetch(known.tried_at).await;
                }
                self.known().trusted().map(|(keys, _)| keys)
            }
        }
    }

    fn may_try(&self, known: &Known) -> bool {
        let rest = match known.trusted() {
            Some(_) => self.cool_down,
            None => self.cool_down.min(WITHOUT_KEYS),
        };
        known.tried_at.is_none_or(|tried_at| tried_at.elapsed() >= rest)
    }

    /// Fetches the keys, unless somebody else did since `tried_at`.
    async fn fetch(&self, tried_at: Option<Instant>) {
        let _one = self.fetching.lock().await;
        if self.known().tried_at != tried_at {
            return;
        }
        let fetched = self.source.fetch().await.and_then(|text| KeySet::read(&text));
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.tried_at = Some(Instant::now());
        let outcome = match fetched {
            Ok(keys) => {
                known.keys = Some((Arc::new(keys), Instant::now()));
                "fetched"
            }
            Err(error) => {
                tracing::warn!(error, "api.auth.jwt the issuer's keys can't be fetched");
                "failed"
            }
        };
        metrics::counter!("annals_jwks_fetches_total", "outcome" => outcome).increment(1);
    }

    fn known(&self) -> Known {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Known {
    fn trusted(&self) -> Option<(Arc<KeySet>, Instant)> {
        let (keys, fetched_at) = self.keys.as_ref()?;
        (fetched_at.elapsed() < TRUSTED_FOR).then(|| (Arc::clone(keys), *fetched_at))
    }
}
