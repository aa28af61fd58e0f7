//! Who pays for a request, and what it paid.

use std::time::Duration;

use domain::TenantId;
use tokio::time::Instant;

use super::{Bucket, Buckets, Level, Plans};
use crate::auth::Identity;

/// Pays for requests from the tenants' buckets. The platform's administrator and who only asks for the schema
/// pay nothing.
#[derive(Clone)]
pub(crate) struct Purse {
    plans: Plans,
    buckets: Buckets,
}

/// What was paid.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Receipt {
    tenant: TenantId,
    bucket: Bucket,
    paid: usize,
    /// What is in the bucket after it.
    pub(crate) level: Level,
}

/// There is too little in the bucket.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Empty {
    pub(crate) receipt: Receipt,
    pub(crate) retry_after: Duration,
}

impl Purse {
    pub(crate) const fn new(plans: Plans, buckets: Buckets) -> Self {
        Self { plans, buckets }
    }

    /// Pays a cost.
    pub(crate) async fn pay(&self, identity: &Identity, cost: usize) -> Result<Option<Receipt>, Empty> {
        let Some(tenant) = payer(identity) else {
            return Ok(None);
        };
        let bucket = self.plans.bucket(tenant).await;
        let receipt = |level, paid| Receipt {
            tenant,
            bucket,
            paid,
            level,
        };
        match self.buckets.spend(tenant, bucket, cost, Instant::now()) {
            Ok(level) => Ok(Some(receipt(level, cost))),
            Err((level, retry_after)) => Err(Empty {
                receipt: receipt(level, 0),
                retry_after,
            }),
        }
    }

    /// What is in the bucket, nothing paid.
    pub(crate) async fn look(&self, identity: &Identity) -> Option<Receipt> {
        let tenant = payer(identity)?;
        let bucket = self.plans.bucket(tenant).await;
        let level = self.buckets.look(tenant, bucket, Instant::now());
        Some(Receipt {
            tenant,
            bucket,
            paid: 0,
            level,
        })
    }

    /// Gives back what was paid and not used.
    pub(crate) fn settle(&self, receipt: &mut Receipt, actual: usize) {
        let unused = receipt.paid.saturating_sub(actual);
        receipt.level = self
            .buckets
            .give_back(receipt.tenant, receipt.bucket, unused, Instant::now());
        receipt.paid -= unused;
    }
}

fn payer(identity: &Identity) -> Option<TenantId> {
    identity.tenant.filter(|_| !identity.is_platform_admin)
}
