//! A file and a mapping, put together: every row as what it becomes, or why not.

use std::io::Read;
use std::path::PathBuf;

use super::identity::Occurrences;
use super::mapping::{Mapping, MappingError};
use super::message::{Header, Rejection};
use super::source::{Source, SourceError};
use super::translate::{Translated, Translator};

/// Why a file can't be taken at all.
#[derive(Debug, thiserror::Error)]
pub enum CsvError {
    /// The file can't be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The mapping doesn't fit the file.
    #[error(transparent)]
    Mapping(#[from] MappingError),
}

/// The rows of a file, translated one at a time; for a blocking thread.
pub struct Records<R> {
    source: Source<R>,
    translator: Translator,
    occurrences: Occurrences,
}

impl<R: Read> Records<R> {
    /// Reads the header and fits the mapping to it.
    ///
    /// A file with many rows and no ids needs a temporary file in `temp_dir`: up to 40 bytes a row.
    ///
    /// # Errors
    ///
    /// A header that can't be read, or columns that it doesn't have.
    pub fn open(reader: R, mapping: Mapping, temp_dir: PathBuf) -> Result<Self, CsvError> {
        let source = Source::open(reader, mapping.format())?;
        let translator = Translator::try_new(mapping, source.header())?;
        Ok(Self {
            source,
            translator,
            occurrences: Occurrences::new(temp_dir),
        })
    }

    /// The file's columns.
    pub fn header(&self) -> &Header {
        self.source.header()
    }

    /// How many bytes of text the last row has.
    pub(super) fn row_bytes(&self) -> usize {
        self.source.row_bytes()
    }

    fn translate_next(&mut self) -> Result<Option<Result<Translated, Rejection>>, SourceError> {
        let Self {
            source,
            translator,
            occurrences,
        } = self;
        let Some(row) = source.next_row()? else {
            return Ok(None);
        };
        let identified = match row {
            Ok(row) => translator
                .identify(row, occurrences)?
                .map(|receipt_id| (row, receipt_id)),
            Err(rejection) => Err(rejection),
        };
        Ok(Some(match identified {
            Ok((row, receipt_id)) => translator
                .translate(row, receipt_id.clone())
                .map_err(|rejection| rejection.of_record(&receipt_id)),
            Err(rejection) => {
                let occurrence = occurrences.count(rejection.fingerprint)?;
                Err(rejection.of_record(&format!("row:{occurrence}")))
            }
        }))
    }
}

impl<R: Read> Iterator for Records<R> {
    type Item = Result<Result<Translated, Rejection>, SourceError>;

    /// The next row; after an error of the file itself there is no sense in asking for more.
    fn next(&mut self) -> Option<Self::Item> {
        self.translate_next().transpose()
    }
}
