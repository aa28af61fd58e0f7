//! A price in one or several currencies.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::error::Problem;
use super::exact::Exact;
use super::figure;
use crate::kernel::Currency;

/// What something costs, an amount a currency: `{"USD": "0.05", "EUR": "0.045"}`. A subscription is in one
/// currency and is rated with that amount; amounts are not converted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(try_from = "BTreeMap<Currency, String>")]
pub struct Price(BTreeMap<Currency, Decimal>);

impl Price {
    /// A price in one currency.
    #[must_use]
    pub fn new(amount: Decimal, currency: Currency) -> Self {
        Self(BTreeMap::from([(currency, amount)]))
    }

    /// The same price in one more currency.
    #[must_use]
    pub fn and(mut self, amount: Decimal, currency: Currency) -> Self {
        self.0.insert(currency, amount);
        self
    }

    /// The amount in a currency.
    ///
    /// # Errors
    /// [`Problem::NoPrice`] if the price lacks that currency.
    pub fn in_currency(&self, currency: Currency) -> Result<Exact, Problem> {
        let amount = self.0.get(&currency).copied().map(Exact::from);
        amount.ok_or(Problem::NoPrice(currency))
    }

    /// The amounts in the order of the currencies' codes.
    pub fn amounts(&self) -> impl Iterator<Item = (Currency, Decimal)> {
        self.0.iter().map(|(currency, amount)| (*currency, *amount))
    }
}

impl TryFrom<BTreeMap<Currency, String>> for Price {
    type Error = serde::de::value::Error;
    fn try_from(amounts: BTreeMap<Currency, String>) -> Result<Self, Self::Error> {
        let amounts = amounts
            .into_iter()
            .map(|(currency, text)| Ok((currency, figure::read(&text)?)));
        amounts.collect::<Result<_, _>>().map(Self)
    }
}
