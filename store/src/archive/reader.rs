//! Reads an archive from its first line to its last and believes nothing: what it gave out is only known to
//! be whole when it has ended without an error.

use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

use domain::RecordedEvent;
use sha2::{Digest, Sha256};
use zstd::stream::read::Decoder;

use super::error::{ArchiveError, Damage};
use super::format::{ArchivedRow, Footer, Header, VERSION};

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

    fn begin(path: &Path) -> Result<Self, Damage> {
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
            },
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
        if versioned.annals_archive != VERSION {
            return Err(Damage::Version {
                version: versioned.annals_archive,
            });
        }
        let header: Header = serde_json::from_slice(&reader.line)
            .map_err(|error| reason(format!("its first line: {error}")))?;
        if header.first_position == 0
            || header.last_position.checked_sub(header.first_position - 1) != Some(header.events)
        {
            return Err(reason("its first line contradicts itself".to_owned()));
        }
        reader.hasher.update(&reader.line);
        reader.position = header.first_position - 1;
        reader.header = header;
        Ok(reader)
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
    pub(super) fn next_row(&mut self) -> Result<Option<ArchivedRow>, ArchiveError> {
        self.advance().map_err(|damage| damage.of(&self.path))
    }

    fn advance(&mut self) -> Result<Option<ArchivedRow>, Damage> {
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
