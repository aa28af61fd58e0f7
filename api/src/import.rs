//! The port through which the gateway runs CSV files: another room implements it, the program joins them.

use bytes::Bytes;
use domain::Caller;
use futures::future::BoxFuture;

/// A file to import.
#[derive(Clone, Debug)]
pub struct ImportRequest {
    /// The connector in whose name it is imported; it is registered when there is none.
    pub connector_id: String,
    /// How a new connector is called.
    pub connector_name: String,
    /// What the file is called in the sync.
    pub source: String,
    /// The mapping file, as TOML.
    pub mapping_toml: String,
    /// The file.
    pub csv: Bytes,
}

/// What an import came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportReport {
    /// Records that are new in the log.
    pub recorded: u64,
    /// Records that were in the log before.
    pub known: u64,
    /// Records that could not be taken.
    pub rejected: u64,
    /// The sync under which this is written down; none when nothing was new.
    pub sync_id: Option<String>,
    /// The position of the import's last event: whoever has read up to here sees its effect.
    pub position: Option<u64>,
}

/// Why an import could not run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// Something in the request is wrong: the field (`mapping`, `content`, `connectorId`) and what.
    #[error("{field}: {message}")]
    Invalid {
        /// The input's field.
        field: &'static str,
        /// What is wrong, where, and what to do.
        message: String,
    },
    /// A rule refuses it, for instance because the tenant is suspended.
    #[error("{message}")]
    Refused {
        /// The refusal's name for machines.
        code: String,
        /// The refusal for people.
        message: String,
    },
    /// It can't run now; the same import can be sent again.
    #[error("{message}")]
    Unavailable {
        /// Why.
        message: String,
    },
}

/// Runs a CSV file through a mapping.
pub trait CsvImport: Send + Sync {
    /// Imports the file in the caller's name; a file that was imported before changes nothing.
    fn import(
        &self,
        caller: Caller,
        request: ImportRequest,
    ) -> BoxFuture<'_, Result<ImportReport, ImportError>>;
}
