//! A private Apache Kafka for tests and benchmarks: formatted, started, killed and stopped.
//!
//! The server is the real one, in KRaft mode, from the jars that `scripts/kafka` fetches. One node or several run on
//! free loopback ports, with their files in a folder that goes with this process, however that ends. What is asked
//! of the brokers is not this room's business: it speaks no Kafka.

mod error;
mod jars;
mod kafka;
mod node;
mod watchdog;

pub use error::Error;
pub use jars::Jars;
pub use kafka::Kafka;
