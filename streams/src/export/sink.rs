//! Where events are written to, in one of the formats.

use std::io::Write;

use super::csv::csv_record;
use super::error::ExportError;
use super::order::Format;
use super::parquet::Table;
use super::table::{COLUMNS, values};
use crate::CloudEvent;

/// A file that is being written.
pub(super) enum Sink<W: Write + Send> {
    Ndjson(W),
    Csv(W),
    Parquet(Box<Table<W>>),
}

impl<W: Write + Send> Sink<W> {
    /// Begins a file.
    pub(super) fn new(format: Format, mut out: W) -> Result<Self, ExportError> {
        Ok(match format {
            Format::Ndjson => Self::Ndjson(out),
            Format::Csv => {
                csv_record(&mut out, COLUMNS.iter().map(|column| column.name))?;
                Self::Csv(out)
            }
            Format::Parquet => Self::Parquet(Box::new(Table::new(out)?)),
        })
    }

    /// Writes an event.
    pub(super) fn write(&mut self, event: &CloudEvent<'_>) -> Result<(), ExportError> {
        match self {
            Self::Ndjson(out) => {
                serde_json::to_writer(&mut *out, event).map_err(std::io::Error::from)?;
                out.write_all(b"\n")?;
            }
            Self::Csv(out) => {
                let values = values(event);
                csv_record(
                    out,
                    values.iter().map(|value| value.as_deref().unwrap_or_default()),
                )?;
            }
            Self::Parquet(table) => table.row(values(event), &event.cursor)?,
        }
        Ok(())
    }

    /// Ends the file.
    pub(super) fn finish(self) -> Result<(), ExportError> {
        let mut out = match self {
            Self::Ndjson(out) | Self::Csv(out) => out,
            Self::Parquet(table) => table.finish()?,
        };
        Ok(out.flush()?)
    }
}
