//! Why an export ended early.

use store::ReadError;

/// Why an export ended early. What was written before stays.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
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
    /// The columns can't be written.
    #[error("the export can't be written as Parquet: {0}")]
    Parquet(#[from] ::parquet::errors::ParquetError),
}
