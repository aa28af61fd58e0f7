//! Journeys through the gateway: HTTP and WebSocket in, the log and the read models behind it.

mod access;
mod browser;
mod commands;
mod cost;
mod documents;
mod door;
mod explain;
mod fuzz;
pub(crate) mod house;
mod http;
mod jwt;
mod jwt_keys;
mod limits;
mod live;
mod past;
mod provider;
mod queries;
mod rebuild;
mod roles;
pub(crate) mod schema;
pub(crate) mod socket;
mod socket_rules;
mod stale;
pub(crate) mod story;
mod tls;
