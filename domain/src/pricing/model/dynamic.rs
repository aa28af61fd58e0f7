//! Dynamic: the events bring their own amounts (Lago "dynamic", OpenMeter "dynamic" with a multiplier).

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::pricing::error::Problem;
use crate::pricing::figure;
use crate::pricing::line::{Basis, RatedTier};
use crate::pricing::usage::Usage;

/// The sum of the amounts that the events bring, in the subscription's currency, times a multiplier: `1.2` for a
/// margin of a fifth on costs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dynamic {
    /// How many times the events' amounts are due.
    #[serde(default = "figure::one", with = "figure")]
    #[schemars(with = "String")]
    pub multiplier: Decimal,
}

impl Default for Dynamic {
    fn default() -> Self {
        Self {
            multiplier: Decimal::ONE,
        }
    }
}

impl Dynamic {
    pub(super) fn price(&self, usage: &Usage) -> Result<Vec<RatedTier>, Problem> {
        let Usage::Priced { amount, .. } = usage else {
            return Err(Problem::OtherUsage {
                model: "dynamic",
                needs: "events that bring their own amounts",
            });
        };
        Ok(vec![RatedTier::part(
            Basis::OwnAmounts,
            (*amount).into(),
            self.multiplier.into(),
        )?])
    }
}
