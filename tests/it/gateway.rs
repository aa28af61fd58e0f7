//! Journeys through the gateway: HTTP and WebSocket in, the log and the read models behind it.

mod access;
mod commands;
mod cost;
mod documents;
mod explain;
mod fuzz;
pub(crate) mod house;
mod http;
mod limits;
mod live;
mod parked;
mod past;
mod queries;
mod rebuild;
pub(crate) mod schema;
pub(crate) mod socket;
mod socket_rules;
mod stale;
pub(crate) mod story;
