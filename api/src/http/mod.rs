//! HTTP: the transports around the executor, health, metrics, and what every request gets.

mod document;
mod graphql;
mod health;
mod observe;
mod router;
mod socket;

pub use router::{operations, router};

pub(crate) use observe::RequestId;
