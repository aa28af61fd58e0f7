//! The way in: turns foreign messages into commands and facts.
//!
//! Reading order: [`commands`] (what a record may become), [`csv_file`] (files of rows), [`cloud_events`]
//! (events over HTTP), [`telemetry`] (agents' spans), [`webhooks`] (an inbox for other systems' webhooks).

pub mod cloud_events;
pub mod commands;
pub mod csv_file;
mod not_taken;
pub mod telemetry;
#[cfg(test)]
mod testing;
pub mod webhooks;

pub use not_taken::Hearer;
