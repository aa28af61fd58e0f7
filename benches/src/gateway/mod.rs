//! The gateway beside other GraphQL servers: each a process of its own, the load by one client for all.

pub(crate) mod audit_page;
mod http;
mod served;
mod story;
