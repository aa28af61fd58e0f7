//! Writes a year's rows to a file, and holds a file against the year's rows.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use futures::TryStreamExt as _;
use sha2::{Digest, Sha256};
use sqlx::PgConnection;
use zstd::stream::write::Encoder;

use super::error::{ArchiveError, Damage};
use super::format::{Footer, Header};
use super::reader::ArchiveReader;
use super::{Progress, STEP, table};
use crate::seal::Trusted;

/// zstd's level: from here on a file gets hardly smaller, and much slower.
const LEVEL: i32 = 6;

/// Writes the year to a file beside `path` and, once it is on the disk, gives it that name.
pub(super) async fn write(
    connection: &mut PgConnection,
    (header, proofs): (&Header, &[String]),
    path: &Path,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<(), ArchiveError> {
    let partial = beside(path);
    let of_file = |damage: Damage| damage.of(&partial);
    let mut lines = Lines::create(&partial, header).map_err(of_file)?;
    for proof in proofs {
        lines.push_text(proof).map_err(of_file)?;
    }
    let query = table::query(header.year);
    let mut rows = table::rows(connection, &query);
    let (mut position, of) = (header.first_position - 1, header.events);
    while let Some(row) = rows.try_next().await? {
        // What is broken in the table is found now, and not by whoever needs the file.
        let sound = row.check();
        if row.position != position + 1 || sound.is_err() {
            let reason = match sound {
                Err(damage) => damage.to_string(),
                Ok(()) => format!("position {position} is followed by {}", row.position),
            };
            let year = header.year;
            return Err(ArchiveError::Broken { year, reason });
        }
        position = row.position;
        lines.push(&row).map_err(of_file)?;
        let events = position + 1 - header.first_position;
        if events.is_multiple_of(STEP) || events == of {
            progress(Progress::Written { events, of });
        }
    }
    lines.finish().map_err(of_file)?;
    std::fs::rename(&partial, path)
        .and_then(|()| File::open(folder(path))?.sync_all())
        .map_err(|error| Damage::from(error).of(path))
}

/// Reads the file back, holding each row against the table's, and its proofs against the keys; gives its digest.
pub(super) async fn verify(
    connection: &mut PgConnection,
    (header, trusted): (&Header, &Trusted),
    path: &Path,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<String, ArchiveError> {
    let differs = |position| ArchiveError::Differs {
        path: path.display().to_string(),
        position,
    };
    let mut file = ArchiveReader::open(path)?;
    if file.header() != header {
        return Err(differs(header.first_position));
    }
    let query = table::query(header.year);
    let mut rows = table::rows(connection, &query);
    let (mut events, of) = (0_u64, header.events);
    while let Some(row) = rows.try_next().await? {
        if file.next_row()?.as_ref() != Some(&row) {
            return Err(differs(row.position));
        }
        events += 1;
        if events.is_multiple_of(STEP) || events == of {
            progress(Progress::Verified { events, of });
        }
    }
    if file.next_row()?.is_some() {
        return Err(differs(header.first_position + events));
    }
    if let Some(trees) = file.trees() {
        trees.signed(trusted).map_err(|source| ArchiveError::Unsigned {
            path: path.display().to_string(),
            source: Box::new(source),
        })?;
    }
    let digest = file.digest().map(str::to_owned);
    digest.ok_or_else(|| differs(header.last_position))
}

/// Where a file lies that is not finished yet.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".partial");
    name.into()
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// The lines of an archive on their way into a file.
struct Lines {
    out: BufWriter<Encoder<'static, File>>,
    hasher: Sha256,
    line: Vec<u8>,
}

impl Lines {
    fn create(path: &Path, header: &Header) -> Result<Self, Damage> {
        // Events may tell of people: the file is its owner's alone.
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(path)?;
        let mut encoder = Encoder::new(file, LEVEL)?;
        encoder.include_checksum(true)?;
        let mut lines = Self {
            out: BufWriter::with_capacity(256 * 1024, encoder),
            hasher: Sha256::new(),
            line: Vec::new(),
        };
        lines.push(header)?;
        Ok(lines)
    }

    fn push(&mut self, value: &impl serde::Serialize) -> Result<(), Damage> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, value).map_err(std::io::Error::from)?;
        self.end_line()
    }

    fn push_text(&mut self, line: &str) -> Result<(), Damage> {
        self.line.clear();
        self.line.extend_from_slice(line.as_bytes());
        self.end_line()
    }

    fn end_line(&mut self) -> Result<(), Damage> {
        self.line.push(b'\n');
        self.hasher.update(&self.line);
        Ok(self.out.write_all(&self.line)?)
    }

    /// Writes the last line, and waits until all of it is on the disk.
    fn finish(mut self) -> Result<(), Damage> {
        let sha256 = hex::encode(std::mem::take(&mut self.hasher).finalize());
        self.push(&Footer { sha256 })?;
        let encoder = self
            .out
            .into_inner()
            .map_err(std::io::IntoInnerError::into_error)?;
        Ok(encoder.finish()?.sync_all()?)
    }
}
