//! The relay to Apache Kafka, with real brokers. Where there are none, each journey says that it was skipped.

mod brokers;
mod killed;
mod outage;
mod program;
mod relayed;
mod topics;
mod zombie;
