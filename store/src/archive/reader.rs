//! Reads an archive from its first line to its last and believes nothing: what it gave out is only known to
//! be whole when it has ended without an error.

use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use domain::{RecordedEvent, TenantId};
use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};
use zstd::stream::read::Decoder;

use super::error::{ArchiveError, Damage};
use super::format::{ArchivedRow, Footer, Header, READS};
use crate::seal::{ArchivedTrees, Invalid};

/// A payload has a mebibyte at most; as JSON in JSON it may be some times as long.
const LINE_BYTES: u64 = 64 * 1024 * 1024;

/// How a frame of zstd begins: RFC 8878, section 3.1.1.
const MAGIC: [u8; 4] = 0xFD2F_B528_u32.to_le_bytes();

/// An archive that is being read. Reading blocks the thread.
pub struct ArchiveReader {
    path: PathBuf,
    lines: BufReader<Decoder<'static, BufReader<File>>>,
    line: Vec<u8>,
    hasher: Sha256,
    header: Header,
    /// The tenants' trees, as far as they are read; none, if the archive has no proofs.
    trees: Option<ArchivedTrees>,
    position: u64,
    digest: Option<String>,
}

impl std::fmt::Debug for ArchiveReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("ArchiveReader").field(&self.path).finish()
    }
}

impl ArchiveReader {
    /// Opens an archive and reads what it says of itself.
    ///
    /// # Errors
    /// [`ArchiveError::File`] when it is none.
    pub fn open(path: &Path) -> Result<Self, ArchiveError> {
        Self::begin(path).map_err(|damage| damage.of(path))
    }

    pub(crate) fn begin(path: &Path) -> Result<Self, Damage> {
        let mut file = BufReader::new(File::open(path)?);
        if !file.fill_buf()?.starts_with(&MAGIC) {
            return Err(Damage::NotAnArchive {
                reason: "it is not packed with zstd".to_owned(),
            });
        }
        let decoder = Decoder::with_buffer(file)?.single_frame();
        let mut reader = Self {
            path: path.to_owned(),
            lines: BufReader::with_capacity(256 * 1024, decoder),
            line: Vec::new(),
            hasher: Sha256::new(),
            header: Header {
                annals_archive: 0,
                database: String::new(),
                year: 0,
                first_position: 0,
                last_position: 0,
                events: 0,
                tenants: 0,
            },
            trees: None,
            position: 0,
            digest: None,
        };
        let reason = |reason: String| Damage::NotAnArchive { reason };
        reader.read_line()?;
        #[derive(serde::Deserialize)]
        struct Versioned {
            annals_archive: u32,
        }
        let versioned: Versioned = serde_json::from_slice(&reader.line)
            .map_err(|error| reason(format!("its first line: {error}")))?;
        if !READS.contains(&versioned.annals_archive) {
            return Err(Damage::Version {
                version: versioned.annals_archive,
            });
        }
        let header: Header = serde_json::from_slice(&reader.line)
            .map_err(|error| reason(format!("its first line: {error}")))?;
        if header.first_position == 0
            || header.last_position.checked_sub(header.first_position - 1) != Some(header.events)
            || (header.annals_archive > 1) != (header.tenants > 0)
        {
            return Err(reason("its first line contradicts itself".to_owned()));
        }
        reader.hasher.update(&reader.line);
        reader.position = header.first_position - 1;
        reader.header = header;
        reader.read_proofs()?;
        Ok(reader)
    }

    fn read_proofs(&mut self) -> Result<(), Damage> {
        let range = (self.header.first_position - 1, self.header.last_position);
        for _ in 0..self.header.tenants {
            self.read_line()?;
            let trees = self.trees.get_or_insert_default();
            trees
                .add(&self.line, range)
                .map_err(|invalid| Damage::NoProof(Box::new(invalid)))?;
            self.hasher.update(&self.line);
        }
        Ok(())
    }

    /// The tenants' trees, which are what was sealed once the archive was read to its end; who signed them is not
    /// looked at. `None`: the archive has no proofs.
    pub(crate) const fn trees(&self) -> Option<&ArchivedTrees> {
        self.trees.as_ref()
    }

    /// What the archive says of itself.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The SHA-256 of the archive, in hex, once it was read to its end and found whole.
    #[must_use]
    pub fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    /// The next event, in order; `None` at the end, when the whole was found whole.
    ///
    /// # Errors
    /// [`ArchiveError::File`] names what is wrong and where; [`ArchiveError::Read`] an event that this
    /// program does not understand.
    pub fn next_event(&mut self) -> Result<Option<RecordedEvent>, ArchiveError> {
        match self.next_row()? {
            Some(row) => Ok(Some(row.decode()?)),
            None => Ok(None),
        }
    }

    /// The next row, verified.
    pub(crate) fn next_row(&mut self) -> Result<Option<ArchivedRow>, ArchiveError> {
        self.advance().map_err(|damage| damage.of(&self.path))
    }

    pub(crate) fn advance(&mut self) -> Result<Option<ArchivedRow>, Damage> {
        if self.digest.is_some() {
            return Ok(None);
        }
        self.read_line()?;
        if self.position == self.header.last_position {
            return self.end().map(|()| None);
        }
        let row: ArchivedRow =
            serde_json::from_slice(&self.line).map_err(|error| self.unreadable(&error.to_string()))?;
        if row.position != self.position + 1 {
            return Err(Damage::Gap {
                after: self.position,
                found: row.position,
            });
        }
        row.check()?;
        let year = self.header.year;
        if i32::from(row.recorded_at.to_zoned(TimeZone::UTC).year()) != year {
            return Err(Damage::OtherYear {
                position: row.position,
                year,
            });
        }
        if let Some(trees) = &mut self.trees {
            trees
                .push(&row)
                .map_err(|source| broken_proof(&row.tenant_id, source))?;
        }
        self.hasher.update(&self.line);
        self.position = row.position;
        Ok(Some(row))
    }

    /// The line read is the last: holds it against all before, and looks that nothing follows.
    fn end(&mut self) -> Result<(), Damage> {
        let footer: Footer =
            serde_json::from_slice(&self.line).map_err(|error| self.unreadable(&error.to_string()))?;
        let found = hex::encode(std::mem::take(&mut self.hasher).finalize());
        if found != footer.sha256 {
            return Err(Damage::Digest {
                found,
                said: footer.sha256,
            });
        }
        let mut rest = [0; 1];
        // The frame's own checksum is held against the bytes when its end is read.
        let more = self.lines.read(&mut rest).map_err(|error| self.broken(&error))?;
        let more = more + self.lines.get_mut().get_mut().read(&mut rest)?;
        if more > 0 {
            return Err(Damage::Trailing);
        }
        if let Some(trees) = &self.trees {
            trees
                .end()
                .map_err(|(tenant, source)| broken_proof(&tenant, source))?;
        }
        self.digest = Some(found);
        Ok(())
    }

    fn read_line(&mut self) -> Result<(), Damage> {
        self.line.clear();
        let read = (&mut self.lines)
            .take(LINE_BYTES)
            .read_until(b'\n', &mut self.line);
        match read {
            Ok(_) if self.line.ends_with(b"\n") => Ok(()),
            Ok(_) if self.line.len() as u64 == LINE_BYTES => Err(self.unreadable("a line has no end")),
            Ok(_) => Err(self.truncated()),
            Err(error) => Err(self.broken(&error)),
        }
    }

    fn broken(&self, error: &std::io::Error) -> Damage {
        if error.kind() == ErrorKind::UnexpectedEof {
            return self.truncated();
        }
        self.unreadable(&error.to_string())
    }

    fn truncated(&self) -> Damage {
        let place = match self.header.last_position {
            0 => "within its first line".to_owned(),
            last => format!("after position {}, and should go to {last}", self.position),
        };
        Damage::Truncated { place }
    }

    fn unreadable(&self, reason: &str) -> Damage {
        Damage::Unreadable {
            after: self.position,
            reason: reason.to_owned(),
        }
    }
}

/// Writes a tenant's part of an archive as an export with its proof, which is verified without the archive and without
/// a database; gives how many events it has. Blocks the thread.
///
/// # Errors
/// [`ArchiveError`]: what was written is then no export.
pub fn export_archived(path: &Path, tenant: TenantId, out: &mut dyn Write) -> Result<u64, ArchiveError> {
    let mut archive = ArchiveReader::open(path)?;
    let wanted = tenant.to_string();
    let of_file = |error: std::io::Error| Damage::from(error).of(path);
    let line = archive.trees().and_then(|trees| trees.export_line(&wanted));
    let line = line.ok_or_else(|| ArchiveError::NoTenant {
        path: path.display().to_string(),
        tenant,
    })?;
    writeln!(out, "{}", line.map_err(|error| of_file(error.into()))?).map_err(of_file)?;
    let mut events = 0;
    while let Some(row) = archive.next_row()? {
        if row.tenant_id == wanted {
            serde_json::to_writer(&mut *out, &row).map_err(|error| of_file(error.into()))?;
            out.write_all(b"\n").map_err(of_file)?;
            events += 1;
        }
    }
    out.flush().map_err(of_file)?;
    Ok(events)
}

fn broken_proof(tenant: &str, source: Invalid) -> Damage {
    Damage::Proof {
        tenant: tenant.to_owned(),
        source: Box::new(source),
    }
}
