//! From the TOML file to its meaning, with every problem in it.

use std::ops::Range;

use encoding_rs::Encoding;
use jiff::tz::TimeZone;
use toml::Spanned;

use super::file::{File, FormatTable, RecordTable};
use super::plan::{ColumnRef, Identity, NamedColumn, OutputPlan};
use super::problem::line_of;
use super::{Mapping, MappingError, Problem};
use crate::csv_file::catalog::Catalog;
use crate::csv_file::source::Format;
use crate::csv_file::value::NumberFormat;

impl Mapping {
    /// Reads a mapping file and checks its commands and fields against those that there are.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it; of a text that is no mapping at all, the first thing.
    pub fn parse(text: &str, catalog: &dyn Catalog) -> Result<Self, MappingError> {
        let file: File = toml::from_str(text).map_err(|error| MappingError::of_toml(text, &error))?;
        let (problems, columns) = (Vec::new(), Vec::new());
        let numbers = NumberFormat::default();
        let mut reader = Reader {
            text,
            catalog,
            problems,
            columns,
            numbers,
            zone: TimeZone::UTC,
        };

        let source_at = file.source.span();
        let source = file.source.into_inner();
        if source.trim().is_empty() {
            reader.problem(
                source_at.clone(),
                "source",
                "is empty: it names where the records come from",
            );
        }
        let empty = file.format.empty.clone();
        let format = reader.format(file.format);
        let identity = reader.identity(file.record);
        let outputs = match (file.command.is_empty(), file.fact.is_empty()) {
            (false, true) => reader.commands(file.command),
            (true, false) => reader.facts(file.fact),
            (true, true) => {
                reader.problem(source_at, "command", "there is no [[command]] and no [[fact]]");
                OutputPlan::Facts(Vec::new())
            }
            (false, false) => {
                let fact_at = file.fact[0].r#type.span();
                reader.problem(
                    fact_at,
                    "fact",
                    "a row becomes commands or facts, not both: use two mappings",
                );
                OutputPlan::Facts(Vec::new())
            }
        };
        if !reader.problems.is_empty() {
            return Err(MappingError::in_order(reader.problems));
        }
        Ok(Self {
            source,
            format,
            empty,
            columns: reader.columns,
            identity,
            outputs,
        })
    }
}

/// A mapping being read: what it has named so far, and what is wrong with it.
pub(super) struct Reader<'a> {
    text: &'a str,
    pub(super) catalog: &'a dyn Catalog,
    problems: Vec<Problem>,
    columns: Vec<NamedColumn>,
    pub(super) numbers: NumberFormat,
    pub(super) zone: TimeZone,
}

impl Reader<'_> {
    pub(super) fn problem(&mut self, at: Range<usize>, key: &str, reason: impl Into<String>) {
        let line = line_of(self.text, at.start);
        self.problems.push(Problem {
            line,
            key: key.to_owned(),
            reason: reason.into(),
        });
    }

    /// Numbers a column that the mapping names.
    pub(super) fn column(&mut self, name: Spanned<String>, key: &str) -> ColumnRef {
        let line = line_of(self.text, name.span().start);
        self.columns.push(NamedColumn {
            name: name.into_inner().trim().to_owned(),
            line,
            key: key.to_owned(),
        });
        ColumnRef(self.columns.len() - 1)
    }

    fn format(&mut self, table: FormatTable) -> Format {
        let mut format = Format::default();
        if let Some(delimiter) = table.delimiter {
            match delimiter.get_ref().as_bytes() {
                b"tab" => format.delimiter = b'\t',
                &[byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r' | 0) => {
                    format.delimiter = byte
                }
                _ => self.problem(
                    delimiter.span(),
                    "format.delimiter",
                    "is not one character, as in \",\", \";\" or \"tab\"",
                ),
            }
        }
        if let Some(label) = table.encoding {
            format.encoding = Encoding::for_label(label.get_ref().as_bytes());
            if format.encoding.is_none() {
                self.problem(
                    label.span(),
                    "format.encoding",
                    "is not an encoding, as in \"utf-8\", \"utf-16le\" or \"windows-1252\"",
                );
            }
        }
        if let Some(zone) = table.zone {
            self.zone = self.zone(zone, "format.zone");
        }
        self.number_marks(table.decimal_mark, table.thousands_mark);
        format
    }

    fn number_marks(&mut self, decimal: Option<Spanned<String>>, thousands: Option<Spanned<String>>) {
        if let Some(mark) = decimal {
            match mark.get_ref().as_str() {
                "." => self.numbers.decimal_mark = '.',
                "," => self.numbers.decimal_mark = ',',
                _ => self.problem(mark.span(), "format.decimal_mark", "is neither \".\" nor \",\""),
            }
        }
        if let Some(mark) = thousands {
            let mut characters = mark.get_ref().chars();
            match (characters.next(), characters.next()) {
                (Some(one), None) if !one.is_alphanumeric() && one != self.numbers.decimal_mark => {
                    self.numbers.thousands_mark = Some(one);
                }
                _ => self.problem(
                    mark.span(),
                    "format.thousands_mark",
                    "is not one character other than a letter, a digit and the decimal mark",
                ),
            }
        }
    }

    pub(super) fn zone(&mut self, name: Spanned<String>, key: &str) -> TimeZone {
        TimeZone::get(name.get_ref()).unwrap_or_else(|_| {
            let reason = format!("{:?} is not a time zone, as in \"Europe/Berlin\"", name.get_ref());
            self.problem(name.span(), key, reason);
            TimeZone::UTC
        })
    }

    fn identity(&mut self, record: RecordTable) -> Identity {
        let Some(id) = record.id else {
            return Identity::Content;
        };
        let at = id.span();
        let names = id.into_inner().0;
        if names.is_empty() {
            self.problem(
                at.clone(),
                "record.id",
                "names no column: leave it out to go by the row's content",
            );
        }
        let column = |name| self.column(Spanned::new(at.clone(), name), "record.id");
        Identity::Columns(names.into_iter().map(column).collect())
    }
}
