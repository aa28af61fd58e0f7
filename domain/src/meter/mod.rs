//! Meters: data that says which events become which numbers, in versions; a tenant's own beside the bundled ones.
//!
//! Reading order: [`Definition`] (what a person writes), [`Meter`] (its rules), [`Gauge`] (one version of it, checked and
//! ready), [`Gauges`] (all that count for a tenant, by event type) and [`Reading`] (what one makes of an event).

mod aggregate;
mod bundled;
mod cel;
mod code;
mod command;
mod definition;
mod event;
mod gauge;
mod gauges;
mod level;
mod ratio;
mod taking;
#[cfg(test)]
pub(crate) mod tests;
mod unit;

pub use aggregate::{Meter, Refusal};
pub use bundled::bundled_gauges;
pub use code::{MeterCode, MeterId};
pub use command::Command;
pub use definition::{Aggregation, Definition, InvalidDefinition};
pub use event::Event;
pub use gauge::{Counted, Gauge, Reading};
pub use gauges::Gauges;
pub use level::{LevelHour, exact_sum, mean_level};
pub use ratio::{InvalidSide, Ratio, bundled_ratios, check_side};
pub use unit::known_units;
