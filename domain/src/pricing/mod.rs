//! Pricing: from usage and a plan to the lines of an invoice. Pure: no clock, no I/O.
//!
//! Amounts are exact fractions ([`Exact`]) until a line is rounded, once, half away from zero, to the minor unit
//! of its currency (ISO 4217); a total is the sum of rounded lines. A rated line tells each tier's quantity,
//! price and amount, so it can be printed and proved.

mod charge;
mod error;
mod exact;
mod fee;
mod figure;
mod line;
mod model;
mod period;
mod price;
mod spend;
mod usage;

#[cfg(test)]
mod examples;

pub use charge::{Charge, OnNegative, RoundUnits, Terms, Transform};
pub use error::{Problem, RatingError};
pub use exact::{Exact, TooLarge};
pub use fee::{Change, Days, Due, FlatFee, OldFee, Proration};
pub use line::{Basis, LineKind, RatedLine, RatedTier, rounded};
pub use model::{
    Dynamic, Graduated, GraduatedPercentage, Model, Package, Percentage, PercentageTier, Standard, Tier,
    Volume,
};
pub use period::{Anchor, Cycle, Interval, OutOfTime, Period, begin_of, day_of};
pub use price::Price;
pub use spend::{Commitment, TrueUp};
pub use usage::{Transaction, Usage};
