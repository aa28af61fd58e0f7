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
mod lists;
mod live;
mod nodes;
mod past;
mod queries;
mod rebuild;
mod relations;
pub(crate) mod schema;
pub(crate) mod socket;
mod socket_rules;
mod stale;
mod statements;
pub(crate) mod story;
