//! Tiers: ranges of a quantity, each with a price.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::kernel::Currency;
use crate::pricing::error::Problem;
use crate::pricing::exact::{Exact, TooLarge};
use crate::pricing::figure;
use crate::pricing::line::{Basis, RatedTier};
use crate::pricing::price::Price;

/// A tier: what lies above the tier before, up to its own bound, this included. So a quantity of 100.5 between
/// the bounds 100 and 200 belongs to the upper tier (Lago, volume_service_spec.rb).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tier {
    /// Where it ends; the last tier is open.
    #[serde(default, with = "figure::option", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub up_to: Option<Decimal>,
    /// What a unit costs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_price: Option<Price>,
    /// What the tier costs once, when it is reached. The first tier is always reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flat_fee: Option<Price>,
}

impl Tier {
    /// Rates a quantity that fell into this tier.
    pub(super) fn rate(
        &self,
        above: Decimal,
        quantity: Exact,
        currency: Currency,
    ) -> Result<RatedTier, Problem> {
        let price = in_currency(self.unit_price.as_ref(), currency)?;
        let flat_fee = in_currency(self.flat_fee.as_ref(), currency)?;
        Ok(RatedTier {
            above: Some(above),
            up_to: self.up_to,
            flat_fee,
            amount: quantity.times(price)?.plus(flat_fee)?,
            ..RatedTier::part(Basis::Units, quantity, price)?
        })
    }
}

/// The amount of a price that may be left out.
pub(super) fn in_currency(price: Option<&Price>, currency: Currency) -> Result<Exact, Problem> {
    price.map_or(Ok(Exact::ZERO), |price| price.in_currency(currency))
}

/// Something that has a tier's upper bound.
pub(in crate::pricing) trait Bounds {
    /// Where it ends; none if it is open.
    fn up_to(&self) -> Option<Decimal>;
}

impl Bounds for Tier {
    fn up_to(&self) -> Option<Decimal> {
        self.up_to
    }
}

/// The tiers that a quantity reaches: each with its lower bound and how much of the quantity falls into it. The
/// first tier is always reached, even by nothing.
pub(super) fn reached<T: Bounds>(
    tiers: &[T],
    quantity: Exact,
) -> Result<Vec<(Decimal, Exact, &T)>, TooLarge> {
    let mut reached = Vec::new();
    let mut above = Decimal::ZERO;
    for tier in tiers {
        let over = quantity.minus(above.into())?;
        if !reached.is_empty() && over <= Exact::ZERO {
            break;
        }
        match tier.up_to() {
            Some(up_to) => {
                let room = Exact::from(up_to).minus(above.into())?;
                reached.push((above, over.min(room), tier));
                above = up_to;
            }
            None => reached.push((above, over, tier)),
        }
    }
    Ok(reached)
}
