//! The relay to Apache Kafka and the way in from it, with real brokers. Where there are none, each journey says that it was skipped.

pub(crate) mod brokers;
mod intake;
mod killed;
mod mapped;
mod outage;
mod program;
mod projectors;
mod refused;
pub(crate) mod relayed;
mod secured;
pub(crate) mod topics;
mod zombie;
