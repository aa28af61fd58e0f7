//! What is exported, and how.

use std::fmt;
use std::str::FromStr;

use store::Filter;

use crate::PersonalData;

/// How events are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// A CloudEvent in JSON a line.
    #[default]
    Ndjson,
    /// A record of RFC 4180 an event, behind a header; `data` is JSON.
    Csv,
    /// Apache Parquet with zstd; `data` is JSON.
    Parquet,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Ndjson, Self::Csv, Self::Parquet];

    /// Its name, which is also the file's ending.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ndjson => "ndjson",
            Self::Csv => "csv",
            Self::Parquet => "parquet",
        }
    }

    /// Its media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Ndjson => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Format {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|format| format.name() == text);
        found.ok_or_else(|| format!("{text:?} is no format: ndjson, csv or parquet"))
    }
}

/// What is exported, and how.
#[derive(Clone, Debug)]
pub struct ExportOrder {
    /// The position behind which it begins.
    pub after: u64,
    /// The position with which it ends; `None`: where the log ends by then.
    pub upto: Option<u64>,
    /// Which events.
    pub filter: Filter,
    /// Whether what says something about a person is among it.
    pub personal: PersonalData,
    /// How they are written.
    pub format: Format,
}
