//! HTTP: the transports around the executor, health, metrics, and what every request gets.

mod answer;
mod body;
mod download;
mod graphql;
mod headers;
mod health;
mod media;
mod observe;
mod proxy;
mod router;
mod socket;
mod stream;

pub use proxy::{Network, NotANetwork, Peer, Transport};
pub use router::{observed, operations, router};

pub(crate) use observe::RequestId;
