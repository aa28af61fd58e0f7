//! What was used in a period, as charge models need it.

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::error::Problem;
use super::exact::Exact;

/// Usage of one meter in one period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Usage {
    /// What the meter counted, or a sum of amounts.
    Quantity(Decimal),
    /// Transactions one by one, in any order: they are rated by time, then by id.
    Transactions(Vec<Transaction>),
    /// What the meter counted, and the sum of the amounts that the events brought.
    Priced {
        /// What the meter counted.
        quantity: Decimal,
        /// The sum of the events' amounts, in major units.
        amount: Decimal,
    },
}

/// One transaction, of which a share is due.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Transaction {
    /// When it happened.
    pub at: Timestamp,
    /// The id of the event that tells of it.
    pub id: String,
    /// What was turned over.
    pub amount: Decimal,
}

impl Usage {
    /// The quantity that fills tiers; transactions count with their amounts.
    pub(super) fn quantity(&self) -> Result<Exact, Problem> {
        match self {
            Self::Quantity(quantity) | Self::Priced { quantity, .. } => Ok((*quantity).into()),
            Self::Transactions(transactions) => {
                let mut amounts = transactions.iter().map(|transaction| transaction.amount.into());
                Ok(amounts.try_fold(Exact::ZERO, Exact::plus)?)
            }
        }
    }

    /// The transactions' amounts by time, then by id.
    pub(super) fn amounts_in_order(&self) -> Vec<Decimal> {
        let Self::Transactions(transactions) = self else {
            return vec![];
        };
        let mut sorted: Vec<&Transaction> = transactions.iter().collect();
        sorted.sort();
        sorted.into_iter().map(|transaction| transaction.amount).collect()
    }

    /// The first figure below zero.
    pub(super) fn negative(&self) -> Option<Decimal> {
        let below = |figure: &Decimal| *figure < Decimal::ZERO;
        match self {
            Self::Quantity(quantity) => Some(*quantity).filter(below),
            Self::Priced { quantity, amount } => [*quantity, *amount].into_iter().find(below),
            Self::Transactions(all) => all.iter().map(|transaction| transaction.amount).find(below),
        }
    }
}
