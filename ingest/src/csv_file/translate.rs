//! One row in, commands or facts out.

use std::collections::BTreeMap;
use std::io;

use domain::usage::{Event, Fact};
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::cells::Cells;
use super::identity::Occurrences;
use super::mapping::{Identity, Mapping, MappingError};
use super::message::{Header, Rejection, Row};

/// What one row becomes.
#[derive(Clone, Debug, PartialEq)]
pub struct Translated {
    /// The row's number, for a refusal that comes later.
    pub row: u64,
    /// The physical line in which the row begins.
    pub line: u64,
    /// The record's identity: unique for one mapping's source.
    pub receipt_id: String,
    /// SHA-256 of the receipt id and the outputs; the time of the import is not in it.
    pub content_hash: [u8; 32],
    /// The commands or facts.
    pub outputs: Outputs,
}

/// Commands, facts, or neither.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outputs {
    /// No condition of the mapping holds for this row.
    Nothing,
    /// Commands for one aggregate, to be applied in order, all or none.
    Commands {
        /// As in `opportunity`.
        aggregate_type: String,
        /// The aggregate's id.
        aggregate_id: String,
        /// When each occurred, if the row says so, and the command, externally tagged: `{"open": {..}}`.
        commands: Vec<(Option<Timestamp>, Value)>,
    },
    /// Usage facts.
    Facts(Vec<FactDraft>),
}

/// A usage fact that has no id and no recording time yet.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FactDraft {
    /// As in `usage.tokens.input`.
    pub event_type: String,
    /// When it occurred, if the row says so.
    pub occurred_at: Option<Timestamp>,
    /// How much.
    pub quantity: Decimal,
    /// Of what: `token`.
    pub unit: String,
    /// What it is broken down by.
    pub dimensions: BTreeMap<String, String>,
}

impl FactDraft {
    /// The fact that it drafts.
    ///
    /// # Errors
    /// The rule that it breaks, with the member's name.
    pub(crate) fn fact(&self) -> Result<Event, String> {
        let event_type = self
            .event_type
            .parse()
            .map_err(|error: domain::InvalidValue| format!("type: {error}"))?;
        let unit = Some(self.unit.clone());
        let fact = Fact::try_new(event_type, self.quantity, unit, self.dimensions.clone());
        fact.map(Event::Recorded).map_err(|error| error.to_string())
    }
}

/// A mapping that fits a file's header.
#[derive(Clone, Debug)]
pub struct Translator {
    pub(super) mapping: Mapping,
    /// Where in the file each column of the mapping is.
    pub(super) places: Vec<usize>,
}

impl Translator {
    /// Finds the mapping's columns in the file.
    ///
    /// # Errors
    ///
    /// Every column that the mapping names and the file doesn't have.
    pub fn try_new(mapping: Mapping, header: &Header) -> Result<Self, MappingError> {
        let places = mapping.places(header)?;
        Ok(Self { mapping, places })
    }

    /// The mapping.
    pub fn mapping(&self) -> &Mapping {
        &self.mapping
    }

    /// The record's identity. To be asked once for every row of the file, in the file's order.
    ///
    /// # Errors
    ///
    /// What the counter's temporary file fails with.
    pub fn identify(
        &self,
        row: Row<'_>,
        occurrences: &mut Occurrences,
    ) -> io::Result<Result<String, Rejection>> {
        match self.mapping.identity() {
            Identity::Columns(columns) => Ok(self.cells(row).record_id(columns)),
            Identity::Content => {
                let fingerprint = row.fingerprint();
                let occurrence = occurrences.count(fingerprint)?;
                Ok(Ok(format!(
                    "row:{:032x}:{occurrence}",
                    u128::from_be_bytes(fingerprint)
                )))
            }
        }
    }

    /// Translates a row.
    ///
    /// # Errors
    ///
    /// The first field that can't be taken.
    pub fn translate(&self, row: Row<'_>, receipt_id: String) -> Result<Translated, Rejection> {
        let outputs = self.cells(row).outputs(self.mapping.outputs())?;
        let content_hash = content_hash(&receipt_id, &outputs);
        Ok(Translated {
            row: row.number,
            line: row.line,
            receipt_id,
            content_hash,
            outputs,
        })
    }

    pub(super) fn cells<'a>(&'a self, row: Row<'a>) -> Cells<'a> {
        Cells {
            row,
            translator: self,
        }
    }
}

fn content_hash(receipt_id: &str, outputs: &Outputs) -> [u8; 32] {
    let mut hasher = Sha256::new();
    serde_json::to_writer(&mut hasher, &(receipt_id, outputs))
        .expect("outputs are JSON, and hashing can't fail");
    hasher.finalize().into()
}
