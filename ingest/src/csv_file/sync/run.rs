//! One run through a file.

use std::io::Read;

use domain::connector_sync::ConnectorSyncId;
use domain::{Caller, EntityId};
use store::Store;

use super::connector::check_at_work;
use super::error::SyncError;
use super::import::{Import, Progress, SyncOptions, SyncReport};
use super::journal::Journal;
use super::reading::{Chunk, Reading};
use super::sorting::sort;
use super::taking::{Taken, take};

/// After how many rows the sync says how far it is.
const ROWS_A_PROGRESS: u64 = 5_000;

/// Runs a file into the log, in constant memory. The same file again adds no event.
///
/// `caller` is the connector, as `connector:<id>`; the sync's events are grouped under the sync's id.
///
/// # Errors
/// [`SyncError`]. What was recorded until then stays, and is known when the file is imported again.
pub async fn run<R: Read + Send + 'static>(
    store: &Store,
    caller: &Caller,
    import: Import<R>,
) -> Result<SyncReport, SyncError> {
    let Import {
        connector,
        mapping,
        reader,
        options,
    } = import;
    check_at_work(store, caller, &connector).await?;
    let sync = ConnectorSyncId::from_ulid(store.ambient().fresh_id());
    let source = mapping.source().to_owned();
    let mut run = Run {
        journal: Journal {
            store: store.clone(),
            caller: caller.clone().correlated(sync.to_string()),
            sync,
            connector,
            source_name: options.source_name.clone().unwrap_or_else(|| source.clone()),
            source,
            started: false,
        },
        progress: Progress::default(),
        said_rows: 0,
        options,
    };
    let mut reading = Reading::start(reader, mapping, run.options.temp_dir.clone());
    match run.go_through(&mut reading).await {
        Ok(()) => run.report().await,
        Err(error) => {
            if run.journal.started {
                run.journal.fail(&error).await;
            }
            Err(error)
        }
    }
}

struct Run {
    journal: Journal,
    progress: Progress,
    /// How many rows the last progress spoke of.
    said_rows: u64,
    options: SyncOptions,
}

impl Run {
    async fn go_through(&mut self, reading: &mut Reading) -> Result<(), SyncError> {
        while let Some(chunk) = reading.next().await? {
            self.take(chunk).await?;
            if self.journal.started && self.progress.rows - self.said_rows >= ROWS_A_PROGRESS {
                self.said_rows = self.progress.rows;
                self.journal.progress(self.progress.rows).await?;
            }
            if let Some(listener) = &self.options.progress {
                listener(&self.progress);
            }
        }
        Ok(())
    }

    async fn take(&mut self, chunk: Chunk) -> Result<(), SyncError> {
        self.progress.rows += chunk.len() as u64;
        let Journal {
            store,
            caller,
            source,
            ..
        } = &self.journal;
        let mut sorted = sort(store, caller, source, chunk).await?;
        self.progress.known += sorted.known;
        self.progress.skipped += sorted.skipped;
        // Rows that were rejected before will most likely be again, which is nothing new.
        if sorted.new.iter().any(|new| new.rejected_before.is_none()) {
            self.journal.ensure_started().await?;
        }
        let Journal { store, caller, .. } = &self.journal;
        let taken = take(store, caller, &sorted.new, self.options.concurrency).await?;
        let mut position = None;
        for (new, taken) in sorted.new.iter().zip(taken) {
            match taken {
                Taken::Recorded(at) => {
                    self.progress.recorded += 1;
                    position = position.max(Some(at));
                }
                Taken::Known => self.progress.known += 1,
                Taken::Rejected(rejected) => sorted.rejected.push((rejected, new.rejected_before)),
            }
        }
        if position.is_some() {
            self.journal.ensure_started().await?;
        }
        sorted.rejected.sort_by_key(|(rejected, _)| rejected.row());
        for (rejected, before) in sorted.rejected {
            self.progress.rejected += 1;
            position = position.max(self.journal.reject(rejected, before).await?);
        }
        self.progress.position = self.progress.position.max(position);
        Ok(())
    }

    async fn report(self) -> Result<SyncReport, SyncError> {
        let Self {
            journal, progress, ..
        } = self;
        let position = if journal.started {
            Some(journal.complete(&progress).await?)
        } else {
            None
        };
        Ok(SyncReport {
            recorded: progress.recorded,
            known: progress.known,
            rejected: progress.rejected,
            skipped: progress.skipped,
            unchanged: !journal.started,
            sync: journal.started.then_some(journal.sync),
            position,
        })
    }
}
