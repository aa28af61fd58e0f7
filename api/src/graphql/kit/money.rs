//! Money: an exact amount and a currency.

use async_graphql::{InputObject, SimpleObject};
use rust_decimal::Decimal as Amount;

use super::{Decimal, UserError};

/// An amount of one currency.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct Money {
    /// In major units (12.50 dollars).
    amount: Decimal,
    /// The currency's three letters (ISO 4217).
    currency: String,
}

impl Money {
    pub(crate) fn of(amount: Amount, currency: impl Into<String>) -> Self {
        Self {
            amount: Decimal(amount),
            currency: currency.into(),
        }
    }
}

impl From<domain::Money> for Money {
    fn from(money: domain::Money) -> Self {
        Self::of(money.amount, money.currency.code())
    }
}

/// An amount of one currency.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct MoneyInput {
    /// In major units, as text: "12.50" dollars.
    amount: Decimal,
    /// The currency's three letters (ISO 4217), for instance "USD".
    currency: String,
}

impl MoneyInput {
    /// The money that the input's field `field` holds.
    pub(crate) fn read(self, field: &'static str) -> Result<domain::Money, UserError> {
        let currency = self
            .currency
            .parse()
            .map_err(|error| UserError::invalid(&[field, "currency"], &error))?;
        Ok(domain::Money::new(self.amount.0, currency))
    }
}
