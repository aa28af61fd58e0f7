//! The figures of a report, and how two reports of the same days differ.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kernel::Money;

/// What a figure says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// So many.
    Count(u64),
    /// So much.
    Money(Money),
    /// A share in per cent, or a return by its cost.
    Ratio(Decimal),
    /// It can't be told, for instance a share of nothing.
    None,
}

/// A figure of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Figure {
    /// Which, for instance `gain.confirmed`.
    pub name: String,
    /// What it says.
    pub value: Value,
}

/// A figure that is not what it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FigureChange {
    /// Which.
    pub name: String,
    /// What it was; nothing when it was not there.
    pub before: Value,
    /// What it is; nothing when it is not there any more.
    pub after: Value,
}

/// The figures that are not what they were, those of before first, in their order.
#[must_use]
pub fn changes(before: &[Figure], after: &[Figure]) -> Vec<FigureChange> {
    let value = |figures: &[Figure], name: &str| {
        let known = figures.iter().find(|figure| figure.name == name);
        known.map_or(Value::None, |figure| figure.value)
    };
    let new = after
        .iter()
        .filter(|figure| before.iter().all(|known| known.name != figure.name));
    let change = |figure: &Figure| {
        let (was, is) = (value(before, &figure.name), value(after, &figure.name));
        (was != is).then(|| FigureChange {
            name: figure.name.clone(),
            before: was,
            after: is,
        })
    };
    before.iter().chain(new).filter_map(change).collect()
}
