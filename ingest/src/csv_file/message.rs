//! What comes out of a file: its header, its rows, and the rows that could not be taken.

use std::fmt;

use serde::Serialize;
use sha2::{Digest, Sha256};

/// The most characters of a value that a rejection keeps.
const VALUE_LIMIT_CHARS: usize = 200;

/// The names of a file's columns, trimmed, in the file's order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    pub(super) names: Vec<String>,
}

impl Header {
    /// The names in the file's order; a column may be unnamed.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The place of a column, from 0.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| known == name)
    }

    pub(super) fn name(&self, place: usize) -> Option<String> {
        self.names.get(place).filter(|name| !name.is_empty()).cloned()
    }
}

/// One data row with as many fields as the header has names.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// The row's number as a person counts: the first after the header is 1, empty lines don't count.
    pub number: u64,
    /// The physical line in which the row begins, the file's first line being 1.
    pub line: u64,
    pub(super) header: &'a Header,
    pub(super) text: &'a str,
    pub(super) ends: &'a [usize],
}

impl<'a> Row<'a> {
    /// The columns of the row's file.
    pub fn header(&self) -> &'a Header {
        self.header
    }

    /// The field at a place, from 0, as in the file but for its quotes; empty beyond the last.
    pub fn get(&self, place: usize) -> &'a str {
        let Some(&end) = self.ends.get(place) else {
            return "";
        };
        let start = if place == 0 { 0 } else { self.ends[place - 1] };
        &self.text[start..end]
    }

    /// A fingerprint of the row's fields: the same for the same row in another encoding, quoting or line end.
    pub fn fingerprint(&self) -> [u8; 16] {
        fingerprint(self.text.as_bytes(), self.ends)
    }
}

/// A fingerprint of fields: their bytes one after the other, and where each ends.
pub(super) fn fingerprint(text: &[u8], ends: &[usize]) -> [u8; 16] {
    let mut hasher = Sha256::new();
    let starts = std::iter::once(&0).chain(ends);
    for (&start, &end) in starts.zip(ends) {
        let field = &text[start..end];
        hasher.update((field.len() as u64).to_le_bytes());
        hasher.update(field);
    }
    let hash: [u8; 32] = hasher.finalize().into();
    let (fingerprint, _) = hash.split_first_chunk().expect("32 bytes are more than 16");
    *fingerprint
}

/// A row that could not be taken, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rejection {
    /// The row's number, the first after the header being 1.
    pub row: u64,
    /// The physical line to look at, the file's first line being 1.
    pub line: u64,
    /// The column at fault, if it is one.
    pub column: Option<String>,
    /// The value at fault, cut to 200 characters.
    pub value: Option<String>,
    /// What is wrong, to be read after the value: `is not a number`.
    pub reason: String,
    /// Of what was read of the row, wherever it stands.
    #[serde(skip)]
    pub(super) fingerprint: [u8; 16],
    /// Names what was rejected, so that the same row of the same file is written down once.
    #[serde(skip)]
    pub record_id: Box<str>,
}

impl Rejection {
    /// Names what was rejected: the record, and what was read of it.
    pub(super) fn of_record(mut self, record: &str) -> Self {
        self.record_id = format!("{record}@{:032x}", u128::from_be_bytes(self.fingerprint)).into();
        self
    }

    /// Keeps the beginning of the value at fault; no database takes a NUL in a text.
    pub(super) fn value(mut self, value: &str) -> Self {
        let shown = |character| if character == '\0' { '\u{FFFD}' } else { character };
        self.value = Some(value.chars().take(VALUE_LIMIT_CHARS).map(shown).collect());
        self
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "row {}", self.row)?;
        if let Some(column) = &self.column {
            write!(f, ", column {column}")?;
        }
        f.write_str(":")?;
        if let Some(value) = &self.value {
            write!(f, " {value:?}")?;
        }
        write!(f, " {}", self.reason)
    }
}
