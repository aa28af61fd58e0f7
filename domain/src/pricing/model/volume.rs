//! Volume: all units at the price of the tier that the whole quantity reaches (Kill Bill `TOP_TIER`).

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::tier::{Tier, reached};
use crate::kernel::Currency;
use crate::pricing::error::Problem;
use crate::pricing::exact::Exact;
use crate::pricing::line::RatedTier;

/// The last tier that the quantity reaches prices all of it, and adds its own flat fee only. Nothing used reaches
/// the first tier (Lago, volume_service_spec.rb; OpenMeter, tieredvolume_test.go).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Volume {
    /// In ascending order; the last is open.
    pub tiers: Vec<Tier>,
}

impl Volume {
    pub(super) fn price(&self, quantity: Exact, currency: Currency) -> Result<Vec<RatedTier>, Problem> {
        let last = reached(&self.tiers, quantity)?.pop();
        let (above, _, tier) = last.ok_or(Problem::NoTier(quantity.to_decimal().unwrap_or(Decimal::MAX)))?;
        Ok(vec![tier.rate(above, quantity, currency)?])
    }
}
