//! Tenants are spread over shards by their ids, so that several processes can share one read model.

use domain::TenantId;

/// One of so many parts of the tenants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shard {
    pub(super) number: u32,
    pub(super) of: u32,
}

impl Shard {
    /// All of so many shards.
    pub(super) fn all(of: u32) -> impl Iterator<Item = Self> {
        (0..of).map(move |number| Self { number, of })
    }

    /// The shard that has a tenant, when there are so many.
    pub(super) fn of_tenant(tenant: TenantId, of: u32) -> Self {
        let number = tenant.part(of);
        Self { number, of }
    }

    /// Whether a tenant is in this shard.
    pub(super) fn has(self, tenant: TenantId) -> bool {
        self.of <= 1 || Self::of_tenant(tenant, self.of) == self
    }
}
