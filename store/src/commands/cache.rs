//! The states of aggregates after their last commit, bounded. The appender's version check makes a stale
//! one harmless; the tail drops those that another process has moved on.

use std::any::Any;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use lru::LruCache;

type Slot = (&'static str, String);

/// A state and the version it is of.
pub(crate) struct Loaded<A> {
    pub(crate) state: Arc<A>,
    pub(crate) version: u64,
}

struct Cached {
    state: Arc<dyn Any + Send + Sync>,
    version: u64,
}

/// A bounded least-recently-used cache of aggregate states.
pub(crate) struct StateCache {
    states: Mutex<LruCache<Slot, Cached>>,
}

impl StateCache {
    pub(crate) fn new(capacity: usize) -> Self {
        let capacity = NonZeroUsize::new(capacity).unwrap_or(NonZeroUsize::MIN);
        Self {
            states: Mutex::new(LruCache::new(capacity)),
        }
    }

    pub(crate) fn get<A: Send + Sync + 'static>(
        &self,
        aggregate_type: &'static str,
        stored_id: &str,
    ) -> Option<Loaded<A>> {
        let mut states = self.lock();
        let cached = states.get(&(aggregate_type, stored_id.to_owned()))?;
        Some(Loaded {
            state: Arc::clone(&cached.state).downcast().ok()?,
            version: cached.version,
        })
    }

    /// Keeps a state, unless a newer one is there.
    pub(crate) fn put<A: Send + Sync + 'static>(
        &self,
        aggregate_type: &'static str,
        stored_id: &str,
        loaded: Loaded<A>,
    ) {
        let mut states = self.lock();
        let slot = (aggregate_type, stored_id.to_owned());
        if states
            .peek(&slot)
            .is_none_or(|cached| cached.version <= loaded.version)
        {
            states.put(
                slot,
                Cached {
                    state: loaded.state,
                    version: loaded.version,
                },
            );
        }
    }

    pub(crate) fn forget(&self, aggregate_type: &'static str, stored_id: &str) {
        self.lock().pop(&(aggregate_type, stored_id.to_owned()));
    }

    /// Drops all states: some may hold what is erased now.
    pub(crate) fn forget_all(&self) {
        self.lock().clear();
    }

    /// Drops a state that is older than an event of its stream.
    pub(crate) fn observe(&self, aggregate_type: &'static str, stored_id: String, sequence: u64) {
        let mut states = self.lock();
        let slot = (aggregate_type, stored_id);
        if states.peek(&slot).is_some_and(|cached| cached.version < sequence) {
            states.pop(&slot);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, LruCache<Slot, Cached>> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
