//! What a tenant may spend, by the plan that it has subscribed to.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::TenantId;
use lru::LruCache;
use projections::subscription::{SubscriptionList, SubscriptionRow};
use projections::{Direction, List, Page, QueryError, Reader};
use tokio::time::{Instant, timeout};

const TENANTS_AT_MOST: NonZeroUsize = NonZeroUsize::new(10_000).expect("10,000 is not zero");
/// How long a tenant's plan is good without a look at the read model.
const GOOD_FOR: Duration = Duration::from_secs(30);
/// How long a request waits for its tenant's plan.
const PATIENCE: Duration = Duration::from_secs(1);
/// The plan of a tenant that has subscribed to none of the others.
const DEFAULT: &str = "default";
/// What the status of a subscription is while it runs.
const RUNNING: [&str; 2] = ["active", "past_due"];

/// How much a tenant may spend at once, and how much comes back in a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// How much at once.
    pub size: u64,
    /// How much comes back in a second.
    pub rate_per_second: u64,
}

/// The buckets by the plans' codes; `default` is everybody else's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanBuckets(BTreeMap<String, Bucket>);

impl Default for PlanBuckets {
    fn default() -> Self {
        let bucket = |size, rate_per_second| Bucket {
            size,
            rate_per_second,
        };
        let buckets = [
            (DEFAULT, bucket(50_000, 5_000)),
            ("starter", bucket(20_000, 2_000)),
            ("professional", bucket(100_000, 10_000)),
            ("enterprise", bucket(500_000, 50_000)),
        ];
        Self(buckets.map(|(plan, bucket)| (plan.to_owned(), bucket)).into())
    }
}

/// Says what is wrong with a plan's bucket.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a plan's bucket: write PLAN=SIZE:RATE, for instance starter=20000:2000, no number zero"
)]
pub struct InvalidBucket(String);

impl PlanBuckets {
    /// Sets a plan's bucket from `PLAN=SIZE:RATE`.
    ///
    /// # Errors
    /// [`InvalidBucket`] when the text is none.
    pub fn set(&mut self, text: &str) -> Result<(), InvalidBucket> {
        let parsed = text.split_once('=').and_then(|(plan, bucket)| {
            let (size, rate) = bucket.split_once(':')?;
            let number = |text| u64::from_str(text).ok().filter(|number| *number > 0);
            let bucket = Bucket {
                size: number(size)?,
                rate_per_second: number(rate)?,
            };
            (!plan.is_empty()).then(|| (plan.to_owned(), bucket))
        });
        let (plan, bucket) = parsed.ok_or_else(|| InvalidBucket(text.to_owned()))?;
        self.0.insert(plan, bucket);
        Ok(())
    }

    fn of(&self, plan: &str) -> Bucket {
        let bucket = self.0.get(plan).or_else(|| self.0.get(DEFAULT));
        // The default can be set, not taken away.
        bucket.copied().unwrap_or(Bucket {
            size: 1,
            rate_per_second: 1,
        })
    }
}

/// Knows the tenants' buckets.
#[derive(Clone)]
pub(crate) struct Plans {
    reader: Reader,
    buckets: Arc<PlanBuckets>,
    known: Arc<Mutex<LruCache<TenantId, (Instant, Bucket)>>>,
}

impl Plans {
    pub(crate) fn new(reader: Reader, buckets: PlanBuckets) -> Self {
        Self {
            reader,
            buckets: Arc::new(buckets),
            known: Arc::new(Mutex::new(LruCache::new(TENANTS_AT_MOST))),
        }
    }

    /// The bucket of a tenant; the default's while the read model can't be asked.
    pub(crate) async fn bucket(&self, tenant: TenantId) -> Bucket {
        let now = Instant::now();
        if let Some((until, bucket)) = self.known().get(&tenant)
            && *until > now
        {
            return *bucket;
        }
        let plan = self.plan(tenant).await;
        let bucket = self.buckets.of(plan.as_deref().unwrap_or(DEFAULT));
        self.known().put(tenant, (now + GOOD_FOR, bucket));
        bucket
    }

    /// The plan of the tenant's own running subscription: the newest that names no customer of the tenant's. One that is
    /// past due runs.
    async fn plan(&self, tenant: TenantId) -> Option<String> {
        let running = async {
            let mut newest: Option<SubscriptionRow> = None;
            for status in RUNNING {
                let list = List {
                    equal: vec![("status", status.to_owned())],
                    page: Page {
                        from: None,
                        limit: 100,
                        direction: Direction::Forward,
                    },
                    ..List::default()
                };
                let listed = self.reader.list::<SubscriptionList>(tenant, &list).await?;
                let rows = listed.rows.into_iter().map(|(_, row)| row);
                let own = rows.filter(|row| row.customer.is_none());
                newest = own.chain(newest).max_by_key(|row| row.created_at);
            }
            Ok::<_, QueryError>(newest)
        };
        let Ok(running) = timeout(PATIENCE, running).await else {
            tracing::warn!("api.cost.plan not known in time, the default counts");
            return None;
        };
        match running {
            Ok(row) => row.map(|row| row.plan.as_str().to_owned()),
            Err(error) => {
                tracing::warn!(%error, "api.cost.plan not known, the default counts");
                None
            }
        }
    }

    fn known(&self) -> std::sync::MutexGuard<'_, LruCache<TenantId, (Instant, Bucket)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{Bucket, PlanBuckets};

    #[test]
    fn a_plans_bucket_is_set_by_a_text() {
        let mut buckets = PlanBuckets::default();
        buckets.set("gold=10:1").unwrap();
        let gold = Bucket {
            size: 10,
            rate_per_second: 1,
        };
        assert_eq!(buckets.of("gold"), gold);
        assert_eq!(buckets.of("unknown"), buckets.of("default"));
        for wrong in [
            "",
            "gold",
            "gold=",
            "gold=1",
            "gold=1:",
            "gold=0:1",
            "gold=1:0",
            "=1:1",
            "gold=-1:1",
        ] {
            assert!(buckets.set(wrong).is_err(), "{wrong}");
        }
    }
}
