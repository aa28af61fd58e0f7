//! Dynamic: the events bring their own amounts (Lago "dynamic").

use serde::{Deserialize, Serialize};

use crate::pricing::error::Problem;
use crate::pricing::exact::Exact;
use crate::pricing::line::{Basis, RatedTier};
use crate::pricing::usage::Usage;

/// The sum of the amounts that the events bring, in the subscription's currency.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dynamic {}

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
            Exact::ONE,
            (*amount).into(),
        )?])
    }
}
