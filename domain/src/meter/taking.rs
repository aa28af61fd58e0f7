//! Whether what a fact reports is what a meter may take for its own.

use rust_decimal::Decimal;

use super::Aggregation;
use super::cel::Program;
use crate::usage::Fact;

/// The unit of values that are amounts of the currency that their group names.
const AMOUNT: &str = "amount";

/// How a meter takes the quantities of facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taking {
    /// It counts events or different values, or reads no quantity.
    NoQuantity,
    /// It reads them, and puts them together in this way.
    Quantity(UnitTaken, Aggregation),
}

/// Which unit quantities may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UnitTaken {
    /// Any: the meter looks at the unit itself, and converts or chooses.
    Any,
    /// The meter's own.
    Own,
}

impl Taking {
    pub(super) fn of(aggregation: Aggregation, filter: Option<&Program>, value: Option<&Program>) -> Self {
        let is_taken = |value: &&Program| aggregation != Aggregation::UniqueCount && reads(value, "quantity");
        let Some(value) = value.filter(is_taken) else {
            return Self::NoQuantity;
        };
        let looks = reads(value, "unit") || filter.is_some_and(|filter| reads(filter, "unit"));
        let unit = if looks { UnitTaken::Any } else { UnitTaken::Own };
        Self::Quantity(unit, aggregation)
    }

    /// Says why a fact is none of a meter that counts in this unit, if it is none; an amount may be in the currency of its
    /// group.
    pub(super) fn check(self, fact: &Fact, unit: &str, currency: Option<&str>) -> Result<(), String> {
        let Self::Quantity(taken, aggregation) = self else {
            return Ok(());
        };
        if let (UnitTaken::Own, Some(given)) = (taken, fact.unit())
            && given != unit
            && (unit != AMOUNT || currency != Some(given))
        {
            return Err(format!(
                "unit: it is given in {given:?}, but the meter counts in {unit:?}: record it in {unit:?}, or let the \
                 meter's filter or value read data.unit"
            ));
        }
        // A mean, an extreme or a level may be of figures below zero; a sum of what was used has no use below zero.
        if aggregation == Aggregation::Sum && fact.quantity() < Decimal::ZERO && fact.corrects().is_none() {
            return Err(format!(
                "quantity: {} is below zero, and it corrects nothing: name the record that it corrects by corrects, or \
                 count changes of a level by a meter of time_weighted_sum",
                fact.quantity()
            ));
        }
        Ok(())
    }
}

/// Whether an expression reads a field of the event, alone or with all others.
fn reads(program: &Program, field: &str) -> bool {
    let mut paths = program.paths().iter();
    paths.any(|path| path[0] == "data" && path.get(1).is_none_or(|name| name == field))
}
