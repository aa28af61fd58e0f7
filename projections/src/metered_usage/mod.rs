//! What meters measured: a row a meter, version, hour of the tenant's clocks and group; where different values are
//! counted, a row a value.

#[cfg(test)]
mod bundled;
mod fold;
mod measure;
#[cfg(test)]
mod properties;
mod query;
mod span;
#[cfg(test)]
mod tests;

pub use fold::{MeteredUsage, UsageHour};
pub use measure::{Measure, Span, measured};
pub use query::Usage;
pub use span::{BadSpan, Granularity, spans};
