//! The gate that commands pass: a look into memory once a tenant is known.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use domain::entitlement::LimitReached;
use domain::{RecordedEvent, TenantId};
use jiff::Timestamp;
use lru::LruCache;
use store::{Filter, Follower, Tail};

use super::standing::{Asked, Standing, Taken};
use crate::engine::ReadModel as _;
use crate::metered_usage::MeteredUsage;
use crate::reader::{Past, Reader, StatementError};

/// Tenants beyond these are worked out again when they ask.
const TENANTS_AT_MOST: NonZeroUsize = NonZeroUsize::new(10_000).expect("10,000 is not zero");
/// How long the read models may take to see what this process has seen.
const CATCH_UP: Duration = Duration::from_secs(10);

/// Lets commands pass, or refuses them, by what their tenant's plan opens. Cheap to clone; clones share what they know.
#[derive(Clone)]
pub struct Entitlements(Arc<Shared>);

struct Shared {
    past: Past,
    reader: Reader,
    tail: Tail,
    known: Mutex<Known>,
    /// Held by whoever works out a tenant.
    loading: tokio::sync::Mutex<()>,
}

struct Known {
    tenants: LruCache<TenantId, Slot>,
    /// Everything up to here was taken in; none while nobody follows the log.
    seen: Option<u64>,
    next: u64,
}

enum Slot {
    /// It is being worked out; what comes meanwhile.
    Loading(Vec<Arc<RecordedEvent>>),
    Ready(Box<Standing>),
}

impl std::fmt::Debug for Entitlements {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Entitlements")
    }
}

/// Room for a command: kept until its event is counted, given back when this is dropped before there is one.
#[derive(Debug)]
pub struct Pass {
    gate: Entitlements,
    tenant: TenantId,
    number: u64,
    is_used: bool,
}

impl Pass {
    /// The command took effect: its event is at this position.
    pub fn took(mut self, position: u64) {
        self.is_used = true;
        if let Some(Slot::Ready(standing)) = self.gate.0.lock().tenants.get_mut(&self.tenant) {
            if standing.position >= position {
                standing.taken.remove(&self.number);
            } else if let Some(taken) = standing.taken.get_mut(&self.number) {
                taken.position = Some(position);
            }
        }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if self.is_used {
            return;
        }
        if let Some(Slot::Ready(standing)) = self.gate.0.lock().tenants.get_mut(&self.tenant) {
            standing.taken.remove(&self.number);
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entitlements {
    /// Works tenants out by `past`, and follows `tail`.
    #[must_use]
    pub fn new(past: Past, reader: Reader, tail: Tail) -> Self {
        Self(Arc::new(Shared {
            past,
            reader,
            tail,
            known: Mutex::new(Known {
                tenants: LruCache::new(TENANTS_AT_MOST),
                seen: None,
                next: 0,
            }),
            loading: tokio::sync::Mutex::new(()),
        }))
    }

    /// Lets something pass, or says what stands in the way.
    ///
    /// # Errors
    /// [`StatementError`] when the tenant can't be worked out.
    pub async fn admit(
        &self,
        tenant: TenantId,
        asked: Asked,
        now: Timestamp,
    ) -> Result<Result<Pass, LimitReached>, StatementError> {
        if let Some(admitted) = self.admit_at_once(tenant, asked, now) {
            return Ok(admitted);
        }
        self.know(tenant, now).await?;
        match self.admit_at_once(tenant, asked, now) {
            Some(admitted) => Ok(admitted),
            // It changed again at this very moment: then it is judged by what was known.
            None => {
                let standing = self.0.past.standing(tenant, now).await?;
                Ok(standing.check(asked, now).map(|()| self.pass(tenant, 0)))
            }
        }
    }

    /// The same from memory; `None` when the tenant is not known there.
    #[must_use]
    pub fn admit_at_once(
        &self,
        tenant: TenantId,
        asked: Asked,
        now: Timestamp,
    ) -> Option<Result<Pass, LimitReached>> {
        let mut known = self.0.lock();
        known.seen?;
        known.next += 1;
        let number = known.next;
        let Slot::Ready(standing) = known.tenants.get_mut(&tenant)? else {
            return None;
        };
        if now >= standing.until {
            return None;
        }
        if let Err(reached) = standing.check(asked, now) {
            return Some(Err(reached));
        }
        let taken = Taken {
            asked,
            position: None,
        };
        standing.taken.insert(number, taken);
        drop(known);
        Some(Ok(self.pass(tenant, number)))
    }

    fn pass(&self, tenant: TenantId, number: u64) -> Pass {
        Pass {
            gate: self.clone(),
            tenant,
            number,
            is_used: false,
        }
    }

    /// What a tenant's plans open, and what is used of it.
    ///
    /// # Errors
    /// [`StatementError`].
    pub async fn standing(&self, tenant: TenantId, now: Timestamp) -> Result<Standing, StatementError> {
        let known = |known: &mut Known| match known.tenants.get(&tenant) {
            Some(Slot::Ready(standing)) if now < standing.until => Some(Standing::clone(standing)),
            _ => None,
        };
        if let Some(standing) = known(&mut self.0.lock()) {
            return Ok(standing);
        }
        self.know(tenant, now).await?;
        let found = known(&mut self.0.lock());
        match found {
            Some(standing) => Ok(standing),
            None => self.0.past.standing(tenant, now).await,
        }
    }

    /// Works a tenant out, with all that comes meanwhile.
    async fn know(&self, tenant: TenantId, now: Timestamp) -> Result<(), StatementError> {
        let _turn = self.0.loading.lock().await;
        self.follow().await?;
        let seen = {
            let mut known = self.0.lock();
            match known.tenants.get(&tenant) {
                Some(Slot::Ready(standing)) if now < standing.until => return Ok(()),
                _ => {}
            }
            known.tenants.put(tenant, Slot::Loading(Vec::new()));
            known.seen.unwrap_or_default()
        };
        let reader = &self.0.reader;
        reader
            .wait_for_those(&[MeteredUsage::NAME], seen, CATCH_UP)
            .await?;
        let mut standing = self.0.past.standing(tenant, now).await?;
        let mut known = self.0.lock();
        let meanwhile = match known.tenants.pop(&tenant) {
            Some(Slot::Loading(events)) => events,
            _ => return Ok(()),
        };
        if meanwhile.iter().all(|event| standing.apply(event)) {
            known.tenants.put(tenant, Slot::Ready(Box::new(standing)));
        }
        Ok(())
    }

    /// Begins to follow the log, if nobody does.
    async fn follow(&self) -> Result<(), StatementError> {
        if self.0.lock().seen.is_some() {
            return Ok(());
        }
        let head = self.0.past.log().head().await?;
        let follower = self.0.tail.follow(head, Filter::default());
        self.0.lock().seen = Some(head);
        tokio::spawn(take_in(Arc::downgrade(&self.0), follower));
        Ok(())
    }
}

/// Takes in what comes, as long as somebody wants to know.
async fn take_in(shared: Weak<Shared>, mut follower: Follower) {
    loop {
        let step = follower.next().await;
        let Some(shared) = shared.upgrade() else { return };
        let mut known = shared.lock();
        let step = match step {
            Ok(step) => step,
            Err(error) => {
                tracing::warn!(%error, "projections.entitlement lost the log: tenants are worked out again");
                known.tenants.clear();
                known.seen = None;
                return;
            }
        };
        for event in &step.events {
            let tenant = event.tenant();
            let is_known = match known.tenants.peek_mut(&tenant) {
                None => true,
                Some(Slot::Loading(events)) => {
                    events.push(Arc::clone(event));
                    true
                }
                Some(Slot::Ready(standing)) => standing.apply(event),
            };
            if !is_known {
                known.tenants.pop(&tenant);
            }
        }
        known.seen = Some(step.position);
    }
}

/// Nothing is under way when a tenant is worked out.
pub(crate) const fn nothing_under_way() -> BTreeMap<u64, Taken> {
    BTreeMap::new()
}
