//! Graduated percentage: each tier's share of the amount that falls into it (Lago "graduated percentage").

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::tier::{Bounds, in_currency, reached};
use crate::kernel::Currency;
use crate::pricing::error::Problem;
use crate::pricing::exact::Exact;
use crate::pricing::figure;
use crate::pricing::line::{Basis, RatedTier};
use crate::pricing::price::Price;

/// The amount fills the tiers one after the other; each takes its share of its part, and its flat fee once it is
/// reached. The first tier is always reached, as in [`super::Graduated`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GraduatedPercentage {
    /// In ascending order; the last is open.
    pub tiers: Vec<PercentageTier>,
}

/// A tier of an amount and the share that is due of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PercentageTier {
    /// Where it ends, this included; the last tier is open.
    #[serde(default, with = "figure::option", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub up_to: Option<Decimal>,
    /// The share in per cent.
    #[serde(with = "figure")]
    #[schemars(with = "String")]
    pub rate_percent: Decimal,
    /// What the tier costs once, when it is reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flat_fee: Option<Price>,
}

impl Bounds for PercentageTier {
    fn up_to(&self) -> Option<Decimal> {
        self.up_to
    }
}

impl GraduatedPercentage {
    pub(super) fn price(&self, amount: Exact, currency: Currency) -> Result<Vec<RatedTier>, Problem> {
        let reached = reached(&self.tiers, amount)?.into_iter();
        let rated = reached.map(|(above, part, tier)| {
            let rate = Exact::from(tier.rate_percent).over(Exact::whole(100))?;
            let flat_fee = in_currency(tier.flat_fee.as_ref(), currency)?;
            Ok(RatedTier {
                above: Some(above),
                up_to: tier.up_to,
                flat_fee,
                amount: part.times(rate)?.plus(flat_fee)?,
                ..RatedTier::part(Basis::Share, part, rate)?
            })
        });
        rated.collect()
    }
}
