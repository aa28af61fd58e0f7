//! The program's parts, a file each; [`program`] reads the command line and calls them.

pub mod access_config;
pub mod ambient;
pub mod archive_command;
pub mod cli;
pub mod config;
pub mod demo;
pub mod doctor;
pub mod embedded;
pub mod gateway_config;
pub mod health;
pub mod import;
pub mod key_set;
pub mod listen;
pub mod log_command;
pub mod output;
pub mod program;
pub mod projector_settings;
pub mod read_models;
pub mod rooms;
pub mod serve;
pub mod tenants;
pub mod tls;
pub mod tracing_setup;
pub mod up;
pub mod verification;
