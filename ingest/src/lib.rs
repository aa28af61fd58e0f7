//! The way in: turns foreign messages into commands and facts.
//!
//! Reading order: [`commands`] (what a record may become), [`csv_file`] (files of rows), [`cloud_events`]
//! (events over HTTP).

pub mod cloud_events;
pub mod commands;
pub mod csv_file;
#[cfg(test)]
mod testing;
