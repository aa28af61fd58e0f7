//! What models cost: recorded costs, and tokens by the price book.

use std::collections::BTreeMap;

use domain::Currency;
use domain::pricing::{CallCost, Exact, ModelCall, PriceBook, Tokens, TooLarge};
use rust_decimal::Decimal;

use crate::model_use::ModelUseRow;

/// Calls of a model that nobody priced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unpriced {
    /// Who runs the model.
    pub provider: String,
    /// The model.
    pub model: String,
    /// How many calls.
    pub calls: u64,
}

/// What models cost.
#[derive(Debug, Default)]
pub(crate) struct AiCost {
    /// Exactly, by currency.
    pub(crate) by_currency: BTreeMap<Currency, Exact>,
    /// Exactly, by agent and currency.
    pub(super) by_agent: BTreeMap<(String, Currency), Exact>,
    /// What nobody priced.
    pub(super) unpriced: Vec<Unpriced>,
}

impl AiCost {
    /// How many calls nobody priced.
    pub(crate) fn unpriced_calls(&self) -> u64 {
        self.unpriced
            .iter()
            .fold(0, |sum, one| sum.saturating_add(one.calls))
    }

    /// Rounded, in a currency.
    pub(crate) fn rounded(&self, currency: Currency) -> Result<Decimal, TooLarge> {
        let exact = self.by_currency.get(&currency).copied();
        exact.unwrap_or(Exact::ZERO).rounded(currency.exponent())
    }
}

/// What the use of models cost, by a price book.
pub(crate) fn ai_cost(uses: &[ModelUseRow], book: &PriceBook) -> Result<AiCost, TooLarge> {
    let mut cost = AiCost::default();
    let mut unpriced: BTreeMap<(String, String), u64> = BTreeMap::new();
    for row in uses {
        let recorded = row.recorded.sums();
        let mut amounts: Vec<(Currency, Exact)> = recorded
            .map(|money| (money.currency, Exact::from(money.amount)))
            .collect();
        if row.calls > 0 {
            match book.cost(&call(row))? {
                CallCost::Priced { amount, currency } => amounts.push((currency, amount)),
                CallCost::Recorded(money) => amounts.push((money.currency, money.amount.into())),
                CallCost::Unpriced => {
                    let model = (row.provider.clone(), row.model.clone());
                    let calls = unpriced.entry(model).or_default();
                    *calls = calls.saturating_add(row.calls.unsigned_abs());
                }
            }
        }
        for (currency, amount) in amounts {
            let sum = cost.by_currency.entry(currency).or_insert(Exact::ZERO);
            *sum = sum.plus(amount)?;
            let own = cost.by_agent.entry((row.agent.clone(), currency));
            let sum = own.or_insert(Exact::ZERO);
            *sum = sum.plus(amount)?;
        }
    }
    cost.unpriced = unpriced
        .into_iter()
        .map(|((provider, model), calls)| Unpriced {
            provider,
            model,
            calls,
        })
        .collect();
    Ok(cost)
}

fn call(row: &ModelUseRow) -> ModelCall<'_> {
    ModelCall {
        provider: &row.provider,
        model: &row.model,
        tokens: Tokens {
            input: row.input_tokens.unsigned_abs(),
            cached: row.cached_tokens.unsigned_abs(),
            output: row.output_tokens.unsigned_abs(),
        },
        cost: None,
        at: row.quarter,
    }
}
