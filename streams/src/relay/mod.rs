//! The relay: the log's events in Apache Kafka's topics, each once and each stream in order.
//!
//! Events and the place up to which the log was relayed are written in one Kafka transaction ([decision
//! 9](../../../docs/decisions/0009-the-relays-place-in-a-topic.md)), so that a `read_committed` consumer sees every
//! event once, whatever is killed at whatever moment. Everything of librdkafka runs on threads of its own.
//!
//! Reading order: `relay` (its life), `session` (one try), `making` (the thread that makes records), `line` (the one that
//! writes transactions), `place`
//! (how far the log was relayed), `record` (an event as a record), `topics`, `settings`.

mod error;
mod line;
mod making;
mod place;
mod record;
#[expect(
    clippy::module_inception,
    reason = "the relay's life is what the folder is about"
)]
mod relay;
mod session;
mod settings;
mod topics;

pub use error::RelayError;
pub use relay::Relay;
pub use settings::{NewTopics, Pattern, Settings};
