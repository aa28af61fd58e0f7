//! Fixtures in, rows, commands, facts and rejections out.

mod catalog;
mod examples;
mod identity;
mod mapping;
mod source;
mod translate;
mod values;

use std::io;

use super::{Catalog, CsvError, Mapping, MappingError, Records, Rejection, Translated};

/// The commands that the tests may map to.
struct Sample;

impl Catalog for Sample {
    fn command_types(&self) -> Vec<String> {
        ["open", "win", "lose", "reopen"]
            .map(|name| format!("opportunity.{name}"))
            .to_vec()
    }

    fn command_fields(&self, command_type: &str) -> Option<Vec<&'static str>> {
        match command_type {
            "opportunity.open" => Some(vec![
                "title",
                "stage",
                "account",
                "owner",
                "product",
                "vertical",
                "value",
                "closes_on",
            ]),
            "opportunity.win" => Some(vec!["value"]),
            "opportunity.lose" => Some(vec!["reason"]),
            "opportunity.reopen" => Some(vec![]),
            _ => None,
        }
    }
}

fn parse(mapping: &str) -> Result<Mapping, MappingError> {
    Mapping::parse(mapping, &Sample)
}

type Row = Result<Translated, Rejection>;

fn import(mapping: &str, csv: impl AsRef<[u8]>) -> Result<Vec<Row>, CsvError> {
    read(parse(mapping)?, csv)
}

fn read(mapping: Mapping, csv: impl AsRef<[u8]>) -> Result<Vec<Row>, CsvError> {
    let temp_dir = std::env::temp_dir();
    let rows = Records::open(io::Cursor::new(csv.as_ref()), mapping, temp_dir)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Everything that a mapping and a file come to, a line a row: the rejection, or the outputs as JSON.
fn lines(mapping: &str, csv: impl AsRef<[u8]>) -> Vec<String> {
    told(import(mapping, csv).unwrap())
}

fn told(rows: Vec<Row>) -> Vec<String> {
    let line = |row: Row| match row {
        Ok(translated) => serde_json::to_string(&translated.outputs).unwrap(),
        Err(rejection) => rejection.to_string(),
    };
    rows.into_iter().map(line).collect()
}
