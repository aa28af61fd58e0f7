//! Reads the file on a thread of its own and sends it in chunks, never more than a few ahead.

use std::io::Read;
use std::path::PathBuf;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::csv_file::{CsvError, Mapping, Records, Rejection, Translated};

const CHUNK_ROWS: usize = 500;
/// A chunk ends early when its rows are long: a file of long rows takes no more memory than one of short.
const CHUNK_BYTES: usize = 1 << 20;
const CHUNKS_AHEAD: usize = 2;

/// Rows in the file's order.
pub(super) type Chunk = Vec<Result<Translated, Rejection>>;

/// A file being read.
pub(super) struct Reading {
    chunks: mpsc::Receiver<Chunk>,
    thread: JoinHandle<Result<(), CsvError>>,
}

impl Reading {
    /// Starts to read. The thread ends with the file, or when nobody listens any more.
    pub(super) fn start<R: Read + Send + 'static>(reader: R, mapping: Mapping, temp_dir: PathBuf) -> Self {
        let (sender, chunks) = mpsc::channel(CHUNKS_AHEAD);
        let thread = tokio::task::spawn_blocking(move || read(reader, mapping, temp_dir, &sender));
        Self { chunks, thread }
    }

    /// The next rows; none at the end of the file.
    ///
    /// # Errors
    /// Why the file can't be read, after the rows before.
    pub(super) async fn next(&mut self) -> Result<Option<Chunk>, CsvError> {
        if let Some(chunk) = self.chunks.recv().await {
            return Ok(Some(chunk));
        }
        let ended = (&mut self.thread).await;
        ended.unwrap_or_else(|error| Err(CsvError::Source(std::io::Error::other(error).into())))?;
        Ok(None)
    }
}

fn read<R: Read>(
    reader: R,
    mapping: Mapping,
    temp_dir: PathBuf,
    chunks: &mpsc::Sender<Chunk>,
) -> Result<(), CsvError> {
    let mut records = Records::open(reader, mapping, temp_dir)?;
    let (mut chunk, mut bytes) = (Chunk::new(), 0);
    let mut ended = Ok(());
    while let Some(row) = records.next() {
        match row {
            Ok(row) => chunk.push(row),
            Err(error) => {
                ended = Err(error.into());
                break;
            }
        }
        bytes += records.row_bytes();
        if chunk.len() >= CHUNK_ROWS || bytes >= CHUNK_BYTES {
            bytes = 0;
            if chunks.blocking_send(std::mem::take(&mut chunk)).is_err() {
                return Ok(());
            }
        }
    }
    if !chunk.is_empty() {
        // Whether somebody still listens makes no difference now.
        chunks.blocking_send(chunk).ok();
    }
    ended
}
