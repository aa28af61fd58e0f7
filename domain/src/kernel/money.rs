//! Money: a decimal amount and an ISO 4217 currency, never a float.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::InvalidValue;

/// An ISO 4217 currency, written as its three letters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct Currency(iso_currency::Currency);

impl Currency {
    /// The three letters, for instance `USD`.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// How many decimal places its minor unit has (ISO 4217 exponent): USD 2, JPY 0, KWD 3.
    #[must_use]
    pub fn exponent(self) -> u32 {
        self.0.exponent().map_or(0, u32::from)
    }
}

impl FromStr for Currency {
    type Err = InvalidValue;
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        iso_currency::Currency::from_code(text)
            .map(Self)
            .ok_or_else(|| InvalidValue::new(text, "a currency of ISO 4217 (USD, EUR, JPY, ...)"))
    }
}

impl TryFrom<String> for Currency {
    type Error = InvalidValue;
    fn try_from(text: String) -> Result<Self, InvalidValue> {
        text.parse()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.code().to_owned()
    }
}

impl PartialOrd for Currency {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Currency {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.code().cmp(other.code())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// An amount of one currency. The amount is exact; rounding is for whoever prints a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// In major units (12.50 dollars), serialised as text.
    pub amount: Decimal,
    /// The currency of the amount.
    pub currency: Currency,
}

impl Money {
    /// This much of that currency.
    #[must_use]
    pub const fn new(amount: Decimal, currency: Currency) -> Self {
        Self { amount, currency }
    }
}

/// An amount below zero where none may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {amount} is negative")]
pub struct Negative {
    /// The field that holds it.
    pub field: &'static str,
    /// What it holds.
    pub amount: Money,
}

/// Refuses an amount below zero.
pub(crate) fn not_negative(field: &'static str, amount: Money) -> Result<(), Negative> {
    if amount.amount < Decimal::ZERO {
        Err(Negative { field, amount })
    } else {
        Ok(())
    }
}

/// An amount of another currency than the one that counts here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {amount} is in {}, not in {expected}", .amount.currency)]
pub struct OtherCurrency {
    /// The field that holds it.
    pub field: &'static str,
    /// What it holds.
    pub amount: Money,
    /// The currency that counts here.
    pub expected: Currency,
}

/// Refuses an amount of another currency.
pub(crate) fn same_currency(
    field: &'static str,
    amount: Money,
    expected: Currency,
) -> Result<(), OtherCurrency> {
    if amount.currency == expected {
        Ok(())
    } else {
        Err(OtherCurrency {
            field,
            amount,
            expected,
        })
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount, self.currency)
    }
}

/// Sums of money, each currency for itself; as JSON a list of amounts in the order of the currencies' codes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "Vec<Money>", into = "Vec<Money>")]
pub struct MoneyByCurrency(BTreeMap<Currency, Decimal>);

impl MoneyByCurrency {
    /// Adds an amount to the sum of its currency. A sum stops at the largest decimal (7.9e28).
    pub fn add(&mut self, money: Money) {
        let sum = self.0.entry(money.currency).or_default();
        *sum = sum.saturating_add(money.amount);
    }

    /// The sums in the order of the currencies' codes.
    pub fn sums(&self) -> impl Iterator<Item = Money> {
        self.0
            .iter()
            .map(|(currency, amount)| Money::new(*amount, *currency))
    }
}

impl From<Vec<Money>> for MoneyByCurrency {
    fn from(amounts: Vec<Money>) -> Self {
        let mut sums = Self::default();
        for money in amounts {
            sums.add(money);
        }
        sums
    }
}

impl From<MoneyByCurrency> for Vec<Money> {
    fn from(sums: MoneyByCurrency) -> Self {
        sums.sums().collect()
    }
}
