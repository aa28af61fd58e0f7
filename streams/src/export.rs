//! The log, or a part of it, as lines of CloudEvents.

use std::io::Write;

use store::{Filter, Log, ReadError};

use crate::{CloudEvent, PersonalData};

const PAGE: u32 = 2_000;

/// Why an export ended early.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The log can't be read further.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// An event can't be shown.
    #[error("position {position}: {source}")]
    Show {
        /// Where it lies in the log.
        position: u64,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// The receiver is gone.
    #[error("the export can't be written: {0}")]
    Write(#[from] std::io::Error),
}

/// Writes the events after a position that pass the filter, one JSON object a line (NDJSON), a page in
/// memory at a time. Returns how many there were.
///
/// # Errors
/// [`ExportError`]; what was written before stays.
pub async fn export(
    log: &Log,
    after: u64,
    filter: &Filter,
    personal: PersonalData,
    out: &mut (impl Write + Send),
) -> Result<u64, ExportError> {
    let (mut position, mut count) = (after, 0);
    loop {
        let page = log.page(position, filter, PAGE).await?;
        for event in &page {
            let show = |source| ExportError::Show {
                position: event.position,
                source,
            };
            serde_json::to_writer(&mut *out, &CloudEvent::try_new(event, personal).map_err(show)?)
                .map_err(show)?;
            out.write_all(b"\n")?;
            (position, count) = (event.position, count + 1);
        }
        if page.len() < PAGE as usize {
            out.flush()?;
            return Ok(count);
        }
    }
}
