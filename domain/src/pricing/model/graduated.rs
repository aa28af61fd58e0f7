//! Graduated: each tier's units at that tier's price (Stripe "graduated", Kill Bill `ALL_TIER`).

use serde::{Deserialize, Serialize};

use super::tier::{Tier, reached};
use crate::kernel::Currency;
use crate::pricing::error::Problem;
use crate::pricing::exact::Exact;
use crate::pricing::line::RatedTier;

/// The quantity fills the tiers one after the other. A tier's flat fee is due once it is reached, and the first
/// one always is: nothing used still costs its flat fee (Lago, graduated_service_spec.rb).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Graduated {
    /// In ascending order; the last is open.
    pub tiers: Vec<Tier>,
}

impl Graduated {
    pub(super) fn price(&self, quantity: Exact, currency: Currency) -> Result<Vec<RatedTier>, Problem> {
        let reached = reached(&self.tiers, quantity)?.into_iter();
        reached
            .map(|(above, part, tier)| tier.rate(above, part, currency))
            .collect()
    }
}
