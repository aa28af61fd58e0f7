//! Percentage: a share of transactions' amounts, with a fixed fee each (Lago "percentage").

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::tier::in_currency;
use crate::kernel::Currency;
use crate::pricing::error::Problem;
use crate::pricing::exact::Exact;
use crate::pricing::figure;
use crate::pricing::line::{Basis, RatedTier};
use crate::pricing::price::Price;
use crate::pricing::usage::Usage;

/// A share of each transaction's amount and a fixed fee, within a minimum and a maximum a transaction.
///
/// Transactions are free as long as all free allowances last: the first so many transactions, and amounts up to
/// a sum. The one that crosses the free sum pays for what lies above it, and its fixed fee in full; what is left
/// of one allowance when the other ends is lost (Lago, percentage_service_spec.rb).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Percentage {
    /// The share in per cent: `1.3` for 1.3 %.
    #[serde(with = "figure")]
    #[schemars(with = "String")]
    pub rate_percent: Decimal,
    /// What each paid transaction costs besides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixed_fee: Option<Price>,
    /// How many transactions are free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub free_transactions: Option<u32>,
    /// Up to which sum of amounts transactions are free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub free_amount: Option<Price>,
    /// What a paid transaction costs at least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_per_transaction: Option<Price>,
    /// What a paid transaction costs at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum_per_transaction: Option<Price>,
}

impl Percentage {
    /// Whether the sum of the amounts is all that it needs.
    fn needs_the_sum_only(&self) -> bool {
        self.fixed_fee.is_none()
            && self.free_transactions.is_none()
            && self.minimum_per_transaction.is_none()
            && self.maximum_per_transaction.is_none()
    }

    pub(super) fn price(&self, usage: &Usage, currency: Currency) -> Result<Vec<RatedTier>, Problem> {
        let amounts = match usage {
            Usage::Transactions(_) => usage.amounts_in_order(),
            Usage::Quantity(amount) if self.needs_the_sum_only() => vec![*amount],
            Usage::Quantity(_) | Usage::Priced { .. } => {
                return Err(Problem::OtherUsage {
                    model: "percentage",
                    needs: "the transactions one by one: it has a fee, an allowance or a bound per transaction",
                });
            }
        };
        let rate = Exact::from(self.rate_percent).over(Exact::whole(100))?;
        let fixed = in_currency(self.fixed_fee.as_ref(), currency)?;
        let bound = |price: &Option<Price>| {
            price
                .as_ref()
                .map(|price| price.in_currency(currency))
                .transpose()
        };
        let (least, most) = (
            bound(&self.minimum_per_transaction)?,
            bound(&self.maximum_per_transaction)?,
        );
        let free_amount = bound(&self.free_amount)?;
        let free_count = self.free_transactions.map(usize::try_from).and_then(Result::ok);

        let (mut charged, mut paid, mut adjustment) = (Exact::ZERO, 0, Exact::ZERO);
        let (mut so_far, mut all_free) = (Exact::ZERO, self.has_an_allowance());
        for (index, amount) in amounts.into_iter().enumerate() {
            let amount = Exact::from(amount);
            so_far = so_far.plus(amount)?;
            let mut due = amount;
            if all_free {
                all_free = free_count.is_none_or(|count| index < count);
                if all_free {
                    due = free_amount
                        .map_or(Ok(Exact::ZERO), |free| so_far.minus(free))?
                        .max(Exact::ZERO);
                    all_free = due.is_zero();
                }
            }
            if all_free {
                continue;
            }
            paid += 1;
            charged = charged.plus(due)?;
            let fee = due.times(rate)?.plus(fixed)?;
            let bounded = least.map_or(fee, |least| fee.max(least));
            let bounded = most.map_or(bounded, |most| bounded.min(most));
            adjustment = adjustment.plus(bounded.minus(fee)?)?;
        }
        let mut tiers = vec![RatedTier::part(Basis::Share, charged, rate)?];
        if !fixed.is_zero() {
            tiers.push(RatedTier::part(Basis::Transactions, Exact::whole(paid), fixed)?);
        }
        if !adjustment.is_zero() {
            tiers.push(RatedTier::adjustment(adjustment));
        }
        Ok(tiers)
    }

    const fn has_an_allowance(&self) -> bool {
        self.free_transactions.is_some() || self.free_amount.is_some()
    }
}
