//! The way in: turns foreign messages into commands and facts.

pub mod csv_file;
