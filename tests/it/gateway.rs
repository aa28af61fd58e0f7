//! Journeys through the gateway: HTTP and WebSocket in, the log and the read models behind it.

mod access;
mod commands;
mod explain;
pub(crate) mod house;
mod live;
mod past;
mod queries;
mod rebuild;
pub(crate) mod schema;
pub(crate) mod socket;
mod stale;
pub(crate) mod story;
