//! What lines must come to: a minimum, and a commitment with what usage above it costs.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::charge::Terms;
use super::error::Problem;
use super::exact::Exact;
use super::figure;
use super::line::{Basis, LineKind, RatedLine, RatedTier, rounded, total};
use super::price::Price;
use crate::kernel::Currency;

/// An amount that is owed for a whole period of usage. Usage beyond it costs `overage_factor` times as much
/// (Flexprice "commitment and overage"); what is missing is owed too, if there is a true-up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Commitment {
    /// How much is committed to in a whole period; prorated by day.
    pub amount: Price,
    /// How many times its price usage beyond the commitment costs; at least 1.
    #[serde(default = "figure::one", with = "figure")]
    #[schemars(with = "String")]
    pub overage_factor: Decimal,
    /// Whether what is missing is owed.
    #[serde(default)]
    pub true_up: TrueUp,
}

/// Whether what is missing up to a commitment is owed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TrueUp {
    /// It is.
    #[default]
    Owed,
    /// It is not: the commitment only tells where the overage begins.
    Waived,
}

impl Commitment {
    /// What the commitment adds to these lines: a true-up, an overage, or nothing.
    pub(super) fn settle(
        &self,
        code: &str,
        lines: &[RatedLine],
        terms: Terms,
    ) -> Result<Option<RatedLine>, Problem> {
        let amount = self.amount.in_currency(terms.currency)?;
        let committed = amount.times(terms.share)?;
        let committed = Exact::from(rounded(committed, terms.currency)?.amount);
        let beyond = Exact::from(total(lines)?).minus(committed)?;
        let surcharge = Exact::from(self.overage_factor).minus(Exact::ONE)?;
        if beyond > Exact::ZERO && !surcharge.is_zero() {
            let tier = RatedTier::part(Basis::Share, beyond, surcharge)?;
            return RatedLine::of(code, LineKind::Overage, terms.currency, vec![tier]).map(Some);
        }
        match self.true_up {
            TrueUp::Owed => true_up(code, amount.times(terms.owed_share)?, lines, terms.currency),
            TrueUp::Waived => Ok(None),
        }
    }
}

/// The line that brings these lines up to a minimum, if they fall short. It is the rounded minimum less the
/// rounded lines, so that together they come to the minimum exactly (Lago "true-up fee").
pub(super) fn true_up(
    code: &str,
    minimum: Exact,
    lines: &[RatedLine],
    currency: Currency,
) -> Result<Option<RatedLine>, Problem> {
    let least = Exact::from(rounded(minimum, currency)?.amount);
    let missing = least.minus(total(lines)?.into())?;
    if missing <= Exact::ZERO {
        return Ok(None);
    }
    RatedLine::of(
        code,
        LineKind::TrueUp,
        currency,
        vec![RatedTier::adjustment(missing)],
    )
    .map(Some)
}
