//! Imports: `annals import`, and the port through which the gateway runs CSV files.

use std::fs::File;
use std::io::{self, Cursor, IsTerminal, Write};
use std::path::PathBuf;

use anyhow::Context as _;
use api::{CsvImport, ImportError, ImportReport, ImportRequest};
use domain::connector::ConnectorId;
use domain::{Actor, ActorKind, Caller};
use futures::future::BoxFuture;
use ingest::commands::Commands;
use ingest::csv_file::{self, Import, Mapping, Progress, SyncError, SyncOptions, SyncReport};
use store::{Ambient, Store};

use crate::cli::ImportArgs;
use crate::config::Settings;
use crate::output::say;
use crate::{tenants, vault_config};

/// The kind under which CSV connectors are registered.
const KIND: &str = "csv_file";

/// Runs `annals import`: straight into the log, beside whatever else runs.
///
/// # Errors
/// When the file, the mapping or the tenant is none, or the log is away: with what to do.
pub async fn run(url: &str, ambient: Ambient, settings: &Settings, args: ImportArgs) -> anyhow::Result<()> {
    let toml = std::fs::read_to_string(&args.mapping)
        .with_context(|| format!("mapping file {}", args.mapping.display()))?;
    let mapping = Mapping::parse(&toml, &Commands)
        .with_context(|| format!("mapping file {}", args.mapping.display()))?;
    let file = File::open(&args.file).with_context(|| format!("file {}", args.file.display()))?;
    let connector = args.connector.unwrap_or_else(|| mapping.source().to_owned());
    let connector: ConnectorId = connector.parse().context("--connector")?;

    let store = vault_config::store(url, ambient, settings).await?;
    let tenant = tenants::find(store.log(), &args.tenant).await?;
    let caller = Caller::new(tenant, Actor::new(ActorKind::Connector, connector.to_string()));
    csv_file::ensure_connector(&store, &caller, &connector, connector.to_string().as_str(), KIND).await?;
    let mut options = SyncOptions::new(&settings.data_dir);
    options.source_name = args
        .file
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    if io::stderr().is_terminal() {
        options.progress = Some(Box::new(show));
    }
    std::fs::create_dir_all(&settings.data_dir)?;
    let report = csv_file::run(
        &store,
        &caller,
        Import {
            connector,
            mapping,
            reader: file,
            options,
        },
    )
    .await
    .with_context(|| format!("file {}", args.file.display()))?;
    tell(&report)?;
    Ok(())
}

fn show(progress: &Progress) {
    let Progress {
        rows,
        recorded,
        known,
        rejected,
        ..
    } = progress;
    eprint!("\r{rows} rows: {recorded} recorded, {known} known, {rejected} rejected");
    drop(io::stderr().flush());
}

fn tell(report: &SyncReport) -> io::Result<()> {
    if io::stderr().is_terminal() {
        eprintln!();
    }
    let SyncReport {
        recorded,
        known,
        rejected,
        skipped,
        ..
    } = report;
    say!("{recorded} recorded, {known} known, {rejected} rejected, {skipped} skipped")?;
    match &report.sync {
        Some(sync) => {
            say!("sync {sync}: `annals log tail --type 'connector_sync.*'` shows what was rejected")?
        }
        None => say!("nothing was new: the log is as it was")?,
    }
    Ok(())
}

/// Runs the gateway's CSV files.
#[derive(Debug)]
pub struct Importer {
    store: Store,
    temp_dir: PathBuf,
}

impl Importer {
    /// Imports into this log; files with many rows put temporary files into `temp_dir`.
    #[must_use]
    pub const fn new(store: Store, temp_dir: PathBuf) -> Self {
        Self { store, temp_dir }
    }

    async fn import(&self, caller: Caller, request: ImportRequest) -> Result<ImportReport, ImportError> {
        let invalid = |field, message: String| ImportError::Invalid { field, message };
        let mapping = Mapping::parse(&request.mapping_toml, &Commands)
            .map_err(|error| invalid("mapping", error.to_string()))?;
        let connector: ConnectorId = request
            .connector_id
            .parse()
            .map_err(|error: domain::InvalidValue| invalid("connectorId", error.to_string()))?;
        csv_file::ensure_connector(&self.store, &caller, &connector, &request.connector_name, KIND)
            .await
            .map_err(turned_down)?;
        let mut options = SyncOptions::new(&self.temp_dir);
        options.source_name = Some(request.source);
        let reader = Cursor::new(request.csv);
        let report = csv_file::run(
            &self.store,
            &caller,
            Import {
                connector,
                mapping,
                reader,
                options,
            },
        )
        .await
        .map_err(turned_down)?;
        Ok(ImportReport {
            recorded: report.recorded,
            known: report.known,
            rejected: report.rejected,
            sync_id: report.sync.map(|sync| sync.to_string()),
            position: report.position,
        })
    }
}

impl CsvImport for Importer {
    fn import(
        &self,
        caller: Caller,
        request: ImportRequest,
    ) -> BoxFuture<'_, Result<ImportReport, ImportError>> {
        Box::pin(self.import(caller, request))
    }
}

fn turned_down(error: SyncError) -> ImportError {
    match error {
        SyncError::Csv(error) => ImportError::Invalid {
            field: "content",
            message: error.to_string(),
        },
        SyncError::Refused { code, message } => ImportError::Refused {
            code: code.to_owned(),
            message,
        },
        SyncError::Unavailable { reason } => ImportError::Unavailable { message: reason },
    }
}
