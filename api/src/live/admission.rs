//! Who may follow how much at once: by tenant and by address; and how many read the past from the table.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use domain::TenantId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::limits::{Limits, Over};

/// Counts what is open. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Admission {
    tenants: Arc<Counts<TenantId>>,
    addresses: Arc<Counts<IpAddr>>,
    replays: Arc<Counts<()>>,
    tenant_replays: Arc<Counts<TenantId>>,
    backfills: Arc<Semaphore>,
    tenant_backfills: Arc<Mutex<HashMap<TenantId, Arc<Semaphore>>>>,
    limits: Arc<Limits>,
}

#[derive(Debug)]
struct Counts<K>(Mutex<HashMap<K, usize>>);

/// One that was let in; it counts until it is dropped.
#[derive(Debug)]
pub(crate) struct Admitted(Option<Place>);

#[derive(Debug)]
enum Place {
    Tenant(Arc<Counts<TenantId>>, TenantId),
    Address(Arc<Counts<IpAddr>>, IpAddr),
    Replay(Arc<Counts<()>>, Arc<Counts<TenantId>>, TenantId),
}

/// The right to read the table once.
#[derive(Debug)]
pub(crate) struct Backfill {
    _tenant: Option<OwnedSemaphorePermit>,
    _process: Option<OwnedSemaphorePermit>,
}

impl Admission {
    pub(crate) fn new(limits: Arc<Limits>) -> Self {
        let none = || Mutex::new(HashMap::new());
        Self {
            tenants: Arc::new(Counts(none())),
            addresses: Arc::new(Counts(Mutex::new(HashMap::new()))),
            replays: Arc::new(Counts(Mutex::new(HashMap::new()))),
            tenant_replays: Arc::new(Counts(none())),
            backfills: Arc::new(Semaphore::new(limits.backfills.clamp(1, Semaphore::MAX_PERMITS))),
            tenant_backfills: Arc::default(),
            limits,
        }
    }

    /// Lets a subscription of a tenant in.
    pub(crate) fn subscription(&self, tenant: Option<TenantId>) -> Result<Admitted, Over> {
        let Some(tenant) = tenant else {
            return Ok(Admitted(None));
        };
        let at_most = self.limits.tenant_subscriptions;
        self.tenants.enter(tenant, at_most).map_err(|found| {
            Over::found(
                "tenant_subscriptions",
                "subscriptions of the tenant",
                found,
                at_most,
            )
        })?;
        Ok(Admitted(Some(Place::Tenant(Arc::clone(&self.tenants), tenant))))
    }

    /// Lets a socket or a stream from an address in.
    pub(crate) fn connection(&self, address: Option<IpAddr>) -> Result<Admitted, Over> {
        let Some(address) = address else {
            return Ok(Admitted(None));
        };
        let at_most = self.limits.address_connections;
        self.addresses.enter(address, at_most).map_err(|found| {
            Over::found(
                "address_connections",
                "sockets and streams from this address",
                found,
                at_most,
            )
        })?;
        Ok(Admitted(Some(Place::Address(
            Arc::clone(&self.addresses),
            address,
        ))))
    }

    /// Lets a replay of a tenant's past in.
    pub(crate) fn replay(&self, tenant: TenantId) -> Result<Admitted, Over> {
        let at_most = self.limits.tenant_replays;
        let over = |found| Over::found("tenant_replays", "replays of the tenant", found, at_most);
        self.tenant_replays.enter(tenant, at_most).map_err(over)?;
        let at_most = self.limits.replays;
        self.replays.enter((), at_most).map_err(|found| {
            self.tenant_replays.leave(tenant);
            Over::found("replays", "replays in this process", found, at_most)
        })?;
        let (all, own) = (Arc::clone(&self.replays), Arc::clone(&self.tenant_replays));
        Ok(Admitted(Some(Place::Replay(all, own, tenant))))
    }

    /// Waits in line for the right to read the table: behind the tenant's own first, so that one tenant's many do
    /// not keep the others waiting.
    pub(crate) async fn backfill(&self, tenant: TenantId) -> Backfill {
        let own = {
            let mut lines = self
                .tenant_backfills
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            // Only lines where somebody stands or reads are kept.
            lines.retain(|_, line| Arc::strong_count(line) > 1);
            let at_most = self.limits.tenant_backfills.clamp(1, Semaphore::MAX_PERMITS);
            let line = lines
                .entry(tenant)
                .or_insert_with(|| Arc::new(Semaphore::new(at_most)));
            Arc::clone(line)
        };
        // Neither is ever closed.
        let tenant = own.acquire_owned().await.ok();
        let process = Arc::clone(&self.backfills).acquire_owned().await.ok();
        Backfill {
            _tenant: tenant,
            _process: process,
        }
    }
}

impl<K: Copy + Eq + Hash> Counts<K> {
    /// Counts one more; the error is how many there would be.
    fn enter(&self, key: K, at_most: usize) -> Result<(), usize> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(key).or_default();
        if *count >= at_most {
            return Err(count.saturating_add(1));
        }
        *count += 1;
        Ok(())
    }

    fn leave(&self, key: K) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&key) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&key);
            }
        }
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        match self.0.take() {
            Some(Place::Tenant(counts, tenant)) => counts.leave(tenant),
            Some(Place::Address(counts, address)) => counts.leave(address),
            Some(Place::Replay(all, own, tenant)) => {
                all.leave(());
                own.leave(tenant);
            }
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};
    use std::sync::Arc;

    use domain::TenantId;
    use futures::FutureExt;
    use ulid::Ulid;

    use super::Admission;
    use crate::limits::Limits;

    const fn tenant(number: u128) -> TenantId {
        TenantId::new(Ulid(number))
    }

    fn admission() -> Admission {
        Admission::new(Arc::new(Limits {
            tenant_subscriptions: 2,
            address_connections: 1,
            backfills: 3,
            tenant_backfills: 1,
            ..Limits::default()
        }))
    }

    #[test]
    fn one_too_many_is_refused_and_comes_in_when_another_has_left() {
        let admission = admission();
        let first = admission.subscription(Some(tenant(1))).unwrap();
        let _second = admission.subscription(Some(tenant(1))).unwrap();
        let over = admission.subscription(Some(tenant(1))).unwrap_err();
        assert_eq!(over.limit, "tenant_subscriptions");
        assert!(
            admission.subscription(Some(tenant(2))).is_ok(),
            "each tenant for itself"
        );
        drop(first);
        assert!(admission.subscription(Some(tenant(1))).is_ok());
        let here = Some(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let _connection = admission.connection(here).unwrap();
        assert_eq!(
            admission.connection(here).unwrap_err().limit,
            "address_connections"
        );
    }

    #[test]
    fn a_replay_too_many_is_refused_for_the_tenant_and_for_all() {
        let admission = Admission::new(Arc::new(Limits {
            replays: 2,
            tenant_replays: 1,
            ..Limits::default()
        }));
        let first = admission.replay(tenant(1)).unwrap();
        assert_eq!(admission.replay(tenant(1)).unwrap_err().limit, "tenant_replays");
        let _second = admission.replay(tenant(2)).unwrap();
        assert_eq!(admission.replay(tenant(3)).unwrap_err().limit, "replays");
        drop(first);
        // Who was refused takes no place.
        let _third = admission.replay(tenant(3)).unwrap();
        assert_eq!(admission.replay(tenant(1)).unwrap_err().limit, "replays");
    }

    #[test]
    fn a_backfill_too_many_waits_in_its_tenants_line_and_no_other_tenants() {
        let admission = admission();
        let take = |number| admission.backfill(tenant(number)).now_or_never();
        let first = take(1).unwrap();
        assert!(take(1).is_none(), "the tenant's line is full");
        let _second = take(2).unwrap();
        let _third = take(3).unwrap();
        assert!(take(4).is_none(), "so is the process's");
        drop(first);
        assert!(take(4).is_some());
        assert!(take(1).is_some());
    }
}
