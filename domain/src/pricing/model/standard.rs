//! Standard: a price a unit (Lago "standard", Stripe "per unit", OpenMeter "unit").

use serde::{Deserialize, Serialize};

use crate::kernel::Currency;
use crate::pricing::error::Problem;
use crate::pricing::exact::Exact;
use crate::pricing::line::{Basis, RatedTier};
use crate::pricing::price::Price;

/// Quantity times price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Standard {
    /// What a unit costs.
    pub unit_price: Price,
}

impl Standard {
    pub(super) fn price(&self, quantity: Exact, currency: Currency) -> Result<Vec<RatedTier>, Problem> {
        let price = self.unit_price.in_currency(currency)?;
        Ok(vec![RatedTier::part(Basis::Units, quantity, price)?])
    }
}
