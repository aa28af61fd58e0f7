//! HTTP: the transports around the executor, health, metrics, and what every request gets.

mod answer;
mod body;
mod graphql;
mod health;
mod media;
mod observe;
mod router;
mod socket;
mod stream;

pub use router::{operations, router};

pub(crate) use observe::RequestId;
