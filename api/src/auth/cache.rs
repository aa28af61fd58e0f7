//! Recently seen keys, bounded in number and time.

use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lru::LruCache;
use tokio::time::Instant;

use super::Identity;

const KEYS_AT_MOST: NonZeroUsize = NonZeroUsize::new(10_000).expect("10,000 is not zero");
/// How long a key is good without a look at the read model.
const GOOD_FOR: Duration = Duration::from_secs(1);
/// How long a revoked key is refused without a look: the read model has heard of it by then.
const REFUSED_FOR: Duration = Duration::from_secs(60);

enum Known {
    Good(Identity),
    Revoked,
}

/// What is known of the hash of a token.
#[derive(Debug)]
pub(super) enum Seen {
    /// It opens this.
    Good(Identity),
    /// It was put out of force a moment ago.
    Revoked,
    /// Nothing: look at the read model.
    Unknown,
}

/// Keys by the hash of their token.
pub(super) struct KeyCache(Mutex<LruCache<String, (Instant, Known)>>);

impl KeyCache {
    pub(super) fn new() -> Self {
        Self(Mutex::new(LruCache::new(KEYS_AT_MOST)))
    }

    pub(super) fn get(&self, hash: &str) -> Seen {
        let mut keys = self.keys();
        match keys.get(hash) {
            Some((until, known)) if *until > Instant::now() => match known {
                Known::Good(identity) => Seen::Good(identity.clone()),
                Known::Revoked => Seen::Revoked,
            },
            _ => Seen::Unknown,
        }
    }

    /// Keeps a key for a moment, unless it was revoked meanwhile.
    pub(super) fn put(&self, hash: &str, identity: Identity) {
        let mut keys = self.keys();
        let now = Instant::now();
        let is_revoked = keys
            .peek(hash)
            .is_some_and(|(until, known)| *until > now && matches!(known, Known::Revoked));
        if !is_revoked {
            keys.put(hash.to_owned(), (now + GOOD_FOR, Known::Good(identity)));
        }
    }

    pub(super) fn revoke(&self, hash: &str) {
        self.keys()
            .put(hash.to_owned(), (Instant::now() + REFUSED_FOR, Known::Revoked));
    }

    fn keys(&self) -> MutexGuard<'_, LruCache<String, (Instant, Known)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
