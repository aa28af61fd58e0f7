//! CloudEvents 1.0 over HTTP and from Apache Kafka: single events in binary or structured mode, and batches.
//!
//! In reading order: `binary` and `structured` take an event out of a request; `event` checks its attributes
//! by the specification (CloudEvents 1.0.2) and names the one that breaks a rule; `meaning` turns an event
//! into a fact or a command; `taking` appends many at once, each under its source and id; `http` answers; `kafka` reads topics.

mod attribute;
mod binary;
mod event;
mod exact;
mod http;
#[cfg(feature = "kafka")]
pub mod kafka;
mod meaning;
mod problem;
mod structured;
mod taking;
#[cfg(test)]
mod tests;

pub use attribute::Invalid;
pub use event::CloudEvent;
pub use http::{DEFAULT_BODY_BYTES, Options, router};
