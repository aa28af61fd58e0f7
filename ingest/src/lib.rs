//! The way in: turns foreign messages into commands and facts.
//!
//! Reading order: [`commands`] (what a record may become), [`csv_file`] (files of rows).

pub mod commands;
pub mod csv_file;
