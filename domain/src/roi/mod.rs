//! Return on investment: which runs an outcome is credited to, when it is settled, and what a baseline expects.

mod attribution;
mod baseline;
mod figure;
mod terms;
#[cfg(test)]
mod tests;

pub use attribution::{AttributionModel, DEFAULT_HALF_LIFE_DAYS, Touch, portions, weights};
pub use baseline::{Basis, Expectation, Total, expectation};
pub use figure::{Figure, FigureChange, Value, changes};
pub use terms::{Terms, terms_of};
