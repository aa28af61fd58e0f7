//! Tenants are spread over shards by their ids, so that several processes can share one read model.

use domain::TenantId;

/// One of so many parts of the tenants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shard {
    pub(super) number: u32,
    pub(super) of: u32,
}

impl Shard {
    /// The shard that has a tenant, when there are so many.
    pub(super) fn of_tenant(tenant: TenantId, of: u32) -> Self {
        let number = tenant.ulid().random() % u128::from(of.max(1));
        Self {
            number: u32::try_from(number).unwrap_or_default(),
            of,
        }
    }

    /// Whether a tenant is in this shard.
    pub(super) fn has(self, tenant: TenantId) -> bool {
        self.of <= 1 || Self::of_tenant(tenant, self.of) == self
    }
}
