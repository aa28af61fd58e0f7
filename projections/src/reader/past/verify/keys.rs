//! Which keys a sample looks at.

use domain::TenantId;

use super::Extent;

/// Numbers that look random and go by a seed (SplitMix64).
pub(super) struct Numbers(u64);

impl Numbers {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below a bound; 0 when the bound is.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.next().checked_rem(bound).unwrap_or_default()
    }
}

/// What is looked at of each tenant. A sample of fewer keys than tenants leaves some tenants out.
pub(super) fn shared_out(mut tenants: Vec<TenantId>, extent: Extent) -> Vec<(TenantId, Extent)> {
    let Extent::Sample { keys, seed } = extent else {
        return tenants.into_iter().map(|tenant| (tenant, extent)).collect();
    };
    let mut numbers = Numbers::new(seed);
    tenants.sort_by_cached_key(|_| numbers.next());
    tenants.truncate(keys as usize);
    let count = u32::try_from(tenants.len()).unwrap_or(u32::MAX).max(1);
    let shares = tenants.into_iter().map(|tenant| {
        let share = Extent::Sample {
            keys: keys.div_ceil(count),
            seed: numbers.next(),
        };
        (tenant, share)
    });
    shares.collect()
}

#[cfg(test)]
mod tests {
    use domain::TenantId;
    use ulid::Ulid;

    use super::{Extent, shared_out};

    #[test]
    fn a_sample_is_shared_out_and_goes_by_its_seed() {
        let tenants: Vec<TenantId> = (0..5).map(|number| TenantId::new(Ulid(number))).collect();
        let sample = |keys, seed| shared_out(tenants.clone(), Extent::Sample { keys, seed });
        assert_eq!(sample(12, 1), sample(12, 1));
        assert_ne!(sample(12, 1), sample(12, 2));
        assert_eq!(sample(3, 1).len(), 3);
        let keys = |(_, extent): (TenantId, Extent)| match extent {
            Extent::Sample { keys, .. } => keys,
            Extent::All => 0,
        };
        assert_eq!(sample(12, 1).into_iter().map(keys).collect::<Vec<_>>(), [3; 5]);
        assert_eq!(shared_out(tenants, Extent::All).len(), 5);
    }
}
