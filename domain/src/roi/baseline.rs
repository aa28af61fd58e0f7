//! Baselines: what would have come in without agents, as it was registered before a period began.

use jiff::civil::Date;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kernel::Money;
use crate::pricing::{Exact, TooLarge};

/// By what a period is measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Basis {
    /// By what came in during past days, each day as much.
    PastPeriod {
        /// The first of the days.
        first_day: Date,
        /// The last of the days.
        last_day: Date,
    },
    /// By what came in of those on whom no run worked, each as much.
    ControlGroup {
        /// Only what these owners have; whatever no run worked on, when there are none.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        owners: Vec<String>,
    },
    /// By a stated figure.
    Stated {
        /// What comes in without agents.
        amount: Money,
        /// In so many days.
        days: u32,
        /// The initial denial rate without agents, in per cent: claims denied by the payer's first decision, by claims submitted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        denial_percent: Option<Decimal>,
    },
}

/// Money of outcomes, and of how many subjects or days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Total {
    /// How much came in.
    pub amount: Decimal,
    /// Of how many subjects, or in how many days.
    pub of: i64,
}

/// What was to be expected, and what was gained beyond it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// What would have come in without agents; rounded.
    pub expected: Decimal,
    /// What came in beyond it; below zero when it was less.
    pub beyond: Decimal,
}

/// What is beyond a baseline: `actual` less the baseline's amount by its subjects or days, times those of `actual`.
/// `None`: the baseline is of nobody, and so says nothing.
///
/// # Errors
/// [`TooLarge`].
pub fn expectation(baseline: Total, actual: Total, places: u32) -> Result<Option<Expectation>, TooLarge> {
    if baseline.of <= 0 {
        return Ok(None);
    }
    let expected = Exact::from(baseline.amount)
        .times(Exact::ratio(actual.of, baseline.of)?)?
        .rounded(places)?;
    let beyond = actual.amount.checked_sub(expected).ok_or(TooLarge)?;
    Ok(Some(Expectation { expected, beyond }))
}
