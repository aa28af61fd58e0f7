//! A figure that is the quotient of others: what some meters measured by what others did, in the same span and group.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde::Deserialize;

use super::{Aggregation, Definition, MeterCode};

/// How many meters a side may have.
const METERS_AT_MOST: usize = 5;

/// Two sides, each the sum of what its meters measured.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ratio {
    /// Its code; it has a dot, as those of bundled meters.
    pub code: MeterCode,
    /// What a person reads beside the figure.
    pub label: String,
    /// The meters above the line.
    pub numerator: Vec<MeterCode>,
    /// The meters below it.
    pub denominator: Vec<MeterCode>,
    /// Of how many months before the month that is told the denominator is the mean month; 0: it is of the same span as
    /// the numerator.
    #[serde(default)]
    pub mean_of_months_before: u8,
}

/// Why meters don't make a side of a ratio.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSide {
    /// None, or too many.
    #[error("{0}: give 1 to {METERS_AT_MOST} meters")]
    Length(&'static str),
    /// One twice.
    #[error("{0}: the meter {1} is named twice")]
    Twice(&'static str, MeterCode),
    /// What can't be added.
    #[error("{side}: {meter} is of the kind {aggregation}: only counts and sums can be added to others")]
    NotAdditive {
        /// Which side.
        side: &'static str,
        /// The meter.
        meter: MeterCode,
        /// Its aggregation.
        aggregation: Aggregation,
    },
    /// Units that don't go together.
    #[error("{side}: {meter} counts in the unit {unit:?}, the others in {others:?}")]
    OtherUnit {
        /// Which side.
        side: &'static str,
        /// The meter.
        meter: MeterCode,
        /// Its unit.
        unit: String,
        /// The others'.
        others: String,
    },
}

/// The ratios that every tenant has: data, in `bundled_ratios.json`.
#[must_use]
pub fn bundled_ratios() -> &'static [Ratio] {
    static RATIOS: LazyLock<Vec<Ratio>> = LazyLock::new(|| {
        serde_json::from_str(include_str!("bundled_ratios.json")).expect("a test reads the bundled ratios")
    });
    &RATIOS
}

/// Checks that the meters of a side can be added up.
///
/// # Errors
/// [`InvalidSide`] names the side, the meter and the reason.
pub fn check_side(side: &'static str, meters: &[(MeterCode, Definition)]) -> Result<(), InvalidSide> {
    let Some((_, first)) = meters.first().filter(|_| meters.len() <= METERS_AT_MOST) else {
        return Err(InvalidSide::Length(side));
    };
    let mut named = BTreeSet::new();
    for (meter, definition) in meters {
        if !named.insert(meter.as_str()) {
            return Err(InvalidSide::Twice(side, meter.clone()));
        }
        let adds = matches!(definition.aggregation, Aggregation::Count | Aggregation::Sum);
        if meters.len() > 1 && !adds {
            return Err(InvalidSide::NotAdditive {
                side,
                meter: meter.clone(),
                aggregation: definition.aggregation,
            });
        }
        if definition.unit != first.unit {
            return Err(InvalidSide::OtherUnit {
                side,
                meter: meter.clone(),
                unit: definition.unit.clone(),
                others: first.unit.clone(),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meter::bundled_gauges;

    fn known(codes: &[MeterCode]) -> Vec<(MeterCode, Definition)> {
        let find = |code: &MeterCode| {
            let gauge = bundled_gauges().iter().find(|gauge| gauge.code() == code);
            (
                code.clone(),
                gauge
                    .unwrap_or_else(|| panic!("no meter {code:?}"))
                    .definition()
                    .clone(),
            )
        };
        codes.iter().map(find).collect()
    }

    #[test]
    fn bundled_ratios_are_of_meters_that_can_be_added() {
        let mut codes: Vec<&str> = bundled_gauges()
            .iter()
            .map(|gauge| gauge.code().as_str())
            .collect();
        for ratio in bundled_ratios() {
            check_side("numerator", &known(&ratio.numerator)).unwrap();
            check_side("denominator", &known(&ratio.denominator)).unwrap();
            codes.push(ratio.code.as_str());
        }
        let count = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), count, "a code is taken twice");
        let denials = bundled_ratios()
            .iter()
            .find(|ratio| ratio.code.as_str() == "claims.initial_denial_rate");
        assert_eq!(
            denials.unwrap().denominator,
            ["claims.submitted".parse().unwrap()]
        );
    }

    #[test]
    fn a_side_that_can_not_be_added_up_is_refused_with_the_reason() {
        let side = |codes: &[&str]| {
            let codes: Vec<MeterCode> = codes.iter().map(|code| code.parse().unwrap()).collect();
            check_side("denominator", &known(&codes)).map_err(|error| error.to_string())
        };
        let refused = |codes: &[&str]| side(codes).unwrap_err();
        assert_eq!(refused(&[]), "denominator: give 1 to 5 meters");
        assert_eq!(
            refused(&["sales.deals_won", "sales.deals_won"]),
            "denominator: the meter sales.deals_won is named twice"
        );
        assert_eq!(
            refused(&["sales.response_time", "sales.deals_won"]),
            "denominator: sales.response_time is of the kind average: only counts and sums can be added to others"
        );
        assert_eq!(
            refused(&["sales.deals_won", "sales.leads_captured"]),
            "denominator: sales.leads_captured counts in the unit \"lead\", the others in \"deal\""
        );
        side(&["sales.response_time"]).unwrap();
    }
}
