//! Figures with the events behind them.

use std::collections::BTreeSet;

use domain::roi::{Figure, Value};
use domain::{Currency, Money};
use rust_decimal::Decimal;

/// Where the events behind a figure are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Behind {
    /// At these positions, in order.
    Events(Vec<u64>),
    /// They are the calls of models in the report's days, and these others, in order.
    Calls(Vec<u64>),
    /// They are the calls of models in the report's days that nobody priced.
    UnpricedCalls,
}

/// A figure and where the events behind it are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The figure.
    pub figure: Figure,
    /// Where the events behind it are.
    pub behind: Behind,
}

/// Positions that grow.
pub(super) type Positions = BTreeSet<u64>;

pub(super) fn events(positions: &Positions) -> Behind {
    Behind::Events(positions.iter().copied().collect())
}

impl Told {
    pub(super) fn new(name: &str, value: Value, behind: Behind) -> Self {
        let name = name.to_owned();
        Self {
            figure: Figure { name, value },
            behind,
        }
    }
}

/// An amount and where the events behind it are.
#[derive(Clone, Debug, Default)]
pub(super) struct Sum {
    pub(super) amount: Decimal,
    pub(super) positions: Positions,
}

impl Sum {
    pub(super) fn add(&mut self, amount: Decimal, positions: &Positions) {
        self.amount = self.amount.saturating_add(amount);
        self.positions.extend(positions);
    }

    pub(super) fn and(&self, other: &Self) -> Self {
        Self {
            amount: self.amount.saturating_add(other.amount),
            positions: self.positions.union(&other.positions).copied().collect(),
        }
    }

    pub(super) fn told(&self, name: &str, currency: Currency) -> Told {
        let value = Value::Money(money(self.amount, currency));
        Told::new(name, value, events(&self.positions))
    }
}

/// How many, and where the events behind it are.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    pub(super) count: u64,
    pub(super) positions: Positions,
}

impl Tally {
    pub(super) fn add(&mut self, positions: impl IntoIterator<Item = u64>) {
        self.count += 1;
        self.positions.extend(positions);
    }

    pub(super) fn told(&self, name: &str) -> Told {
        Told::new(name, Value::Count(self.count), events(&self.positions))
    }
}

/// An amount with at least the decimal places of its currency.
pub(super) fn money(amount: Decimal, currency: Currency) -> Money {
    let mut shown = amount.normalize();
    if shown.scale() < currency.exponent() {
        shown.rescale(currency.exponent());
    }
    Money::new(shown, currency)
}
