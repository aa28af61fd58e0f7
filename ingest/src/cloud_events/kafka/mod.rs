//! CloudEvents from Apache Kafka's topics: a consumer group appends them, each under its source and id, and puts what
//! can't be taken into a topic of dead letters.
//!
//! Reading order: `intake` (the thread and its life), `session` (read, append, then commit), `message` (a record as an
//! event), `dead_letters`, `settings`. Everything of librdkafka runs on threads of its own.

mod dead_letters;
mod error;
mod intake;
mod message;
mod session;
mod settings;
mod topics;

pub use dead_letters::{DeadLetter, list_dead_letters, retry_dead_letters};
pub use error::IntakeError;
pub use intake::Intake;
pub use settings::{Settings, Source};
