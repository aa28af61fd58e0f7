//! Structured logs, to standard error.

use std::io::IsTerminal as _;

use anyhow::Context as _;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

use crate::config::{LogFormat, Settings};

/// Sends the log lines that the settings ask for to standard error.
///
/// # Errors
/// When the filter is none.
pub fn init(settings: &Settings) -> anyhow::Result<()> {
    let filter: EnvFilter = settings
        .log
        .parse()
        .with_context(|| format!("log filter {:?}", settings.log))?;
    let lines = fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match settings.log_format {
        LogFormat::Text => lines.compact().init(),
        LogFormat::Json => lines.json().init(),
    }
    Ok(())
}
