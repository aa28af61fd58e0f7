//! A CSV file as a stream of rows: flat memory, every broken row named, never a row silently misread.

use std::io::{self, Read};

use encoding_rs::Encoding;

use super::encoding::{Decoded, Decoding, decode};
use super::message::{Header, Rejection, Row, fingerprint};
use super::scan::{Broken, Fault, RECORD_LIMIT_BYTES, Record, Scanner};

/// How a file is written.
#[derive(Clone, Debug)]
pub struct Format {
    /// The ASCII character between two fields.
    pub delimiter: u8,
    /// The encoding of a file without a byte order mark; none: UTF-8 or UTF-16, whichever it looks like.
    pub encoding: Option<&'static Encoding>,
}

impl Default for Format {
    fn default() -> Self {
        Self {
            delimiter: b',',
            encoding: None,
        }
    }
}

/// Why a file can't be read at all.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The file has no bytes, or nothing but empty lines.
    #[error("the file is empty: expected a header line")]
    Empty,
    /// The header line is broken.
    #[error("the header in line {line} can't be read: {reason}")]
    Header {
        /// The physical line.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// Two columns have the same name, so a mapping could not tell them apart.
    #[error("the header names more than one column {}", .0.join(", "))]
    DuplicateColumns(Vec<String>),
    /// The file, or the temporary file beside it, can't be read or written.
    #[error("the file can't be read: {0}")]
    Io(#[from] io::Error),
}

/// Reads rows; runs on a blocking thread.
pub struct Source<R> {
    scanner: Scanner<Decoded<R>>,
    record: Record,
    header: Header,
    row: u64,
    decoding: Decoding,
}

impl<R: Read> Source<R> {
    /// Reads the header line.
    ///
    /// # Errors
    ///
    /// An empty file, a header that can't be read or names a column twice, and what the reader fails with.
    pub fn open(reader: R, format: &Format) -> Result<Self, SourceError> {
        let (reader, decoding) = decode(reader, format.encoding)?;
        let mut scanner = Scanner::new(reader, format.delimiter);
        let mut record = Record::default();
        let scanned = scanner.scan(&mut record)?.ok_or(SourceError::Empty)?;
        if let Err(broken) = scanned {
            return Err(SourceError::Header {
                line: broken.line,
                reason: reason(&broken),
            });
        }
        let text = check(&record, decoding).map_err(|unreadable| SourceError::Header {
            line: record.line,
            reason: unreadable.reason,
        })?;
        let starts = std::iter::once(&0).chain(&record.ends);
        let names = starts
            .zip(&record.ends)
            .map(|(&start, &end)| text[start..end].trim().to_owned())
            .collect();
        let header = Header { names };
        let twice = named_twice(&header);
        if !twice.is_empty() {
            return Err(SourceError::DuplicateColumns(twice));
        }
        Ok(Self {
            scanner,
            record,
            header,
            row: 0,
            decoding,
        })
    }

    /// The file's columns.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// How many bytes of text the last row has.
    pub fn row_bytes(&self) -> usize {
        self.record.text.len()
    }

    /// The next row, or why it can't be read; none at the end of the file.
    ///
    /// # Errors
    ///
    /// Only what the reader fails with: a broken row is a rejection, and the one after it can be read.
    pub fn next_row(&mut self) -> io::Result<Option<Result<Row<'_>, Rejection>>> {
        let Some(scanned) = self.scanner.scan(&mut self.record)? else {
            return Ok(None);
        };
        self.row += 1;
        let read = match scanned {
            Err(broken) => Err(self.reject(&broken)),
            Ok(()) => self.read_record(),
        };
        Ok(Some(read))
    }

    fn read_record(&self) -> Result<Row<'_>, Rejection> {
        let Self {
            header,
            row: number,
            record,
            ..
        } = self;
        let Record {
            line,
            last_line,
            ends,
            ..
        } = record;
        let reject = |column, reason| Rejection {
            row: *number,
            line: *line,
            column,
            value: None,
            reason,
            fingerprint: fingerprint(&record.text, ends),
            record_id: Box::default(),
        };
        if ends.len() != header.names.len() {
            let mut reason = format!(
                "has {}, the header has {}",
                fields(ends.len()),
                header.names.len()
            );
            if last_line > line {
                reason.push_str(&format!(
                    "; it runs over the lines {line} to {last_line}: is a quote missing?"
                ));
            }
            return Err(reject(None, reason));
        }
        match check(record, self.decoding) {
            Ok(text) => Ok(Row {
                number: *number,
                line: *line,
                header,
                text,
                ends,
            }),
            Err(Unreadable { field, value, reason }) => Err(reject(header.name(field), reason).value(&value)),
        }
    }

    fn reject(&self, broken: &Broken) -> Rejection {
        let rejection = Rejection {
            row: self.row,
            line: broken.line,
            column: None,
            value: None,
            reason: reason(broken),
            fingerprint: fingerprint(&broken.excerpt, &[broken.excerpt.len()]),
            record_id: Box::default(),
        };
        if broken.fault == Fault::TooLong {
            return rejection;
        }
        Rejection {
            column: self.header.name(broken.field),
            ..rejection
        }
        .value(&String::from_utf8_lossy(&broken.excerpt))
    }
}

fn reason(broken: &Broken) -> String {
    let line = broken.line;
    match broken.fault {
        Fault::StrayQuote => {
            "has a quote in an unquoted field: quote the field and double the quotes in it".into()
        }
        Fault::TextAfterQuote => format!(
            "has text after the quote that closes the field opened in line {line}: double the quotes in a quoted field"
        ),
        Fault::UnclosedQuote => format!(
            "opens a quote in line {line} that is not closed before the end of the file or within {} KiB",
            RECORD_LIMIT_BYTES >> 10
        ),
        Fault::TooLong => format!("is longer than {} KiB", RECORD_LIMIT_BYTES >> 10),
    }
}

struct Unreadable {
    field: usize,
    value: String,
    reason: String,
}

/// Checks that every field is text: valid UTF-8, without a NUL, and nothing lost in transcoding.
fn check(record: &Record, decoding: Decoding) -> Result<&str, Unreadable> {
    let Record {
        text: bytes, ends, ..
    } = record;
    let suspect = bytes.contains(&0) || decoding == Decoding::Transcoded;
    if let (Ok(text), false) = (std::str::from_utf8(bytes), suspect)
        && ends.iter().all(|&end| text.is_char_boundary(end))
    {
        return Ok(text);
    }
    let mut start = 0;
    for (field, &end) in ends.iter().enumerate() {
        let reason = match std::str::from_utf8(&bytes[start..end]) {
            Err(error) => Some(format!(
                "is not valid UTF-8 from byte {} on: if the file is in another encoding, name it in the mapping",
                error.valid_up_to() + 1
            )),
            Ok(text) if text.contains('\0') => Some("has a NUL character in it".into()),
            Ok(text) if decoding == Decoding::Transcoded && text.contains('\u{FFFD}') => {
                Some("has bytes that are no character in the file's encoding".into())
            }
            Ok(_) => None,
        };
        if let Some(reason) = reason {
            let value = String::from_utf8_lossy(&bytes[start..end]).into_owned();
            return Err(Unreadable { field, value, reason });
        }
        start = end;
    }
    Ok(std::str::from_utf8(bytes).expect("every field of it is valid"))
}

fn named_twice(header: &Header) -> Vec<String> {
    let mut twice: Vec<String> = Vec::new();
    for (place, name) in header.names.iter().enumerate() {
        if !name.is_empty() && header.position(name) != Some(place) && !twice.contains(name) {
            twice.push(name.clone());
        }
    }
    twice
}

fn fields(count: usize) -> String {
    if count == 1 {
        "1 field".into()
    } else {
        format!("{count} fields")
    }
}
