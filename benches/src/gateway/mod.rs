//! The gateway beside other GraphQL servers: each a process of its own, the load by one client for all.

pub(crate) mod audit_page;
pub(crate) mod deliveries;
mod http;
pub(crate) mod requests;
mod served;
mod socket;
mod story;
pub(crate) mod visible;

pub(crate) use served::missing;
