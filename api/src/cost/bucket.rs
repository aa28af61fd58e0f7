//! Leaky buckets, one a tenant: what is spent goes in, and leaks away at the plan's rate.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::TenantId;
use lru::LruCache;
use tokio::time::Instant;

use super::plan::Bucket;

/// Tenants beyond these begin with an empty bucket again.
const TENANTS_AT_MOST: NonZeroUsize = NonZeroUsize::new(100_000).expect("100,000 is not zero");
/// Levels are counted in thousandths, so that a millisecond's leak is a whole number.
const PARTS: u64 = 1_000;

/// What is in a tenant's bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Level {
    pub(crate) size: u64,
    /// What can be spent now.
    pub(crate) left: u64,
    pub(crate) rate_per_second: u64,
}

#[derive(Clone, Copy, Debug)]
struct Filled {
    parts: u64,
    at: Instant,
}

/// All tenants' buckets in this process.
#[derive(Clone)]
pub(crate) struct Buckets(Arc<Mutex<LruCache<TenantId, Filled>>>);

impl Buckets {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(LruCache::new(TENANTS_AT_MOST))))
    }

    /// Spends a cost; when there is too little left, nothing is spent, and the error tells how long to wait.
    /// What costs more than the whole bucket passes when it is empty.
    pub(crate) fn spend(
        &self,
        tenant: TenantId,
        bucket: Bucket,
        cost: usize,
        now: Instant,
    ) -> Result<Level, (Level, Duration)> {
        self.change(tenant, bucket, now, |parts| {
            let size = bucket.size.saturating_mul(PARTS);
            let cost = parts_of(cost).min(size);
            let over = parts.saturating_add(cost).saturating_sub(size);
            if over > 0 {
                let wait_ms = over.div_ceil(bucket.rate_per_second);
                return (parts, Err(Duration::from_millis(wait_ms)));
            }
            (parts + cost, Ok(()))
        })
    }

    /// Gives back what was spent too much.
    pub(crate) fn give_back(&self, tenant: TenantId, bucket: Bucket, cost: usize, now: Instant) -> Level {
        let changed = self.change(tenant, bucket, now, |parts| {
            (parts.saturating_sub(parts_of(cost)), Ok(()))
        });
        changed.unwrap_or_else(|(level, _)| level)
    }

    /// What is in the bucket now.
    pub(crate) fn look(&self, tenant: TenantId, bucket: Bucket, now: Instant) -> Level {
        self.give_back(tenant, bucket, 0, now)
    }

    fn change(
        &self,
        tenant: TenantId,
        bucket: Bucket,
        now: Instant,
        change: impl FnOnce(u64) -> (u64, Result<(), Duration>),
    ) -> Result<Level, (Level, Duration)> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let filled = all.get(&tenant).copied().unwrap_or(Filled { parts: 0, at: now });
        let passed = now.saturating_duration_since(filled.at);
        let passed_ms = u64::try_from(passed.as_millis()).unwrap_or(u64::MAX);
        let leaked = bucket.rate_per_second.saturating_mul(passed_ms);
        let (parts, outcome) = change(filled.parts.saturating_sub(leaked));
        // Less than a millisecond is kept for the next time.
        let at = filled.at + Duration::from_millis(passed_ms);
        all.put(tenant, Filled { parts, at });
        let level = Level {
            size: bucket.size,
            left: bucket.size.saturating_sub(parts.div_ceil(PARTS)),
            rate_per_second: bucket.rate_per_second,
        };
        outcome.map(|()| level).map_err(|wait| (level, wait))
    }
}

fn parts_of(cost: usize) -> u64 {
    u64::try_from(cost).unwrap_or(u64::MAX).saturating_mul(PARTS)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::TenantId;
    use tokio::time::Instant;
    use ulid::Ulid;

    use super::{Bucket, Buckets};

    const BUCKET: Bucket = Bucket {
        size: 100,
        rate_per_second: 10,
    };

    fn tenant(number: u128) -> TenantId {
        TenantId::new(Ulid(number))
    }

    #[test]
    fn what_is_spent_comes_back_at_the_plans_rate() {
        let (buckets, now) = (Buckets::new(), Instant::now());
        assert_eq!(buckets.spend(tenant(1), BUCKET, 60, now).unwrap().left, 40);
        let (level, wait) = buckets.spend(tenant(1), BUCKET, 60, now).unwrap_err();
        assert_eq!((level.left, wait), (40, Duration::from_secs(2)));
        let other = buckets.spend(tenant(2), BUCKET, 60, now).unwrap();
        assert_eq!(other.left, 40, "each tenant has its own");
        let now = now + Duration::from_millis(1_999);
        assert!(buckets.spend(tenant(1), BUCKET, 60, now).is_err());
        let now = now + Duration::from_millis(1);
        assert_eq!(buckets.spend(tenant(1), BUCKET, 60, now).unwrap().left, 0);
        assert_eq!(buckets.give_back(tenant(1), BUCKET, 25, now).left, 25);
        let now = now + Duration::from_secs(3_600);
        assert_eq!(buckets.look(tenant(1), BUCKET, now).left, 100);
    }

    #[test]
    fn what_costs_more_than_the_bucket_passes_when_it_is_empty() {
        let (buckets, now) = (Buckets::new(), Instant::now());
        assert_eq!(buckets.spend(tenant(1), BUCKET, 1_000, now).unwrap().left, 0);
        let (_, wait) = buckets.spend(tenant(1), BUCKET, 1_000, now).unwrap_err();
        assert_eq!(wait, Duration::from_secs(10));
    }
}
