//! Rows as texts, column by column, which PostgreSQL casts to each column's type: exact for every type there is.

mod serializers;

use std::fmt::Display;

use serde::ser::{self, Serialize, SerializeStruct};
use serde_json::{Map, Value};

use super::Unfoldable;
use super::table::{Column, Kind};
use serializers::Plain;

/// One column of many rows.
pub(super) type Texts = Vec<Option<String>>;

/// Takes rows of one type apart into the texts of their columns.
#[derive(Debug)]
pub(super) struct Encoder<'c> {
    columns: &'c [Column],
    /// The row's fields in their order, each with its column's number: learnt from the first row.
    fields: Vec<(&'static str, usize)>,
    cells: Vec<Cell>,
}

/// The text of one field.
#[derive(Clone, Debug, Default)]
struct Cell {
    text: String,
    is_set: bool,
    is_null: bool,
}

impl<'c> Encoder<'c> {
    pub(super) fn new(columns: &'c [Column]) -> Self {
        Self {
            columns,
            fields: Vec::new(),
            cells: vec![Cell::default(); columns.len()],
        }
    }

    /// Takes in a row (or a key), and for a row the position that last changed it.
    pub(super) fn take(&mut self, row: &impl Serialize, position: Option<u64>) -> Result<(), Unfoldable> {
        for cell in &mut self.cells {
            cell.is_set = false;
        }
        let mut fields = Fields {
            encoder: self,
            number: 0,
        };
        row.serialize(&mut fields)?;
        if let Some(position) = position {
            SerializeStruct::serialize_field(&mut &mut fields, "position", &position)?;
        }
        let missing = self.cells.iter().zip(self.columns).find(|(cell, _)| !cell.is_set);
        match missing {
            None => Ok(()),
            Some((_, column)) => Err(Unfoldable::new(format!(
                "the row has no field for the column {}",
                column.name
            ))),
        }
    }

    /// The texts of the row that was taken in last, in the order of the columns.
    pub(super) fn texts(&self) -> impl Iterator<Item = Option<&str>> {
        self.cells
            .iter()
            .map(|cell| (!cell.is_null).then_some(cell.text.as_str()))
    }

    /// Adds the row that was taken in last as a line of a COPY in text form.
    pub(super) fn write_line(&self, lines: &mut Vec<u8>) {
        for (number, text) in self.texts().enumerate() {
            if number > 0 {
                lines.push(b'\t');
            }
            match text {
                Some(text) => escape(text, lines),
                None => lines.extend_from_slice(b"\\N"),
            }
        }
        lines.push(b'\n');
    }

    fn column(&mut self, number: usize, field: &'static str) -> Result<usize, Unfoldable> {
        match self.fields.get(number) {
            Some((known, column)) if *known == field => Ok(*column),
            _ => {
                let column = self.columns.iter().position(|column| column.name == field);
                let column = column.ok_or_else(|| {
                    Unfoldable::new(format!("the table has no column for the field {field}"))
                })?;
                if number == self.fields.len() {
                    self.fields.push((field, column));
                }
                Ok(column)
            }
        }
    }
}

/// The characters that mean something in COPY's text form get a backslash.
fn escape(text: &str, lines: &mut Vec<u8>) {
    for byte in text.bytes() {
        let letter = match byte {
            b'\\' => b'\\',
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            plain => {
                lines.push(plain);
                continue;
            }
        };
        lines.extend_from_slice(&[b'\\', letter]);
    }
}

/// A value as the text that its column takes; `None`: null, or nothing that the column takes.
pub(super) fn text(column: &Column, value: &impl Serialize) -> Option<String> {
    let mut cell = Cell::default();
    cell.put(column.kind, value).ok()?;
    (!cell.is_null).then_some(cell.text)
}

/// The fields of anything that serialises as a JSON object.
pub(super) fn fields(value: &impl Serialize) -> Result<Map<String, Value>, Unfoldable> {
    match serde_json::to_value(value) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(other) => Err(Unfoldable::new(format!("{other} is no row"))),
        Err(error) => Err(Unfoldable::new(format!("a row can't be written: {error}"))),
    }
}

/// Turns rows (or keys) into columns of text. A row comes with the position that last changed it.
pub(super) fn columns_of<'r, R: Serialize + 'r>(
    columns: &[Column],
    rows: impl Iterator<Item = (&'r R, Option<u64>)>,
) -> Result<Vec<Texts>, Unfoldable> {
    let size = rows.size_hint().0;
    let mut texts: Vec<Texts> = columns.iter().map(|_| Vec::with_capacity(size)).collect();
    let mut encoder = Encoder::new(columns);
    for (row, position) in rows {
        encoder.take(row, position)?;
        for (text, texts) in encoder.texts().zip(&mut texts) {
            texts.push(text.map(ToOwned::to_owned));
        }
    }
    Ok(texts)
}

/// The fields of a row on their way into cells.
struct Fields<'e, 'c> {
    encoder: &'e mut Encoder<'c>,
    number: usize,
}

impl SerializeStruct for &mut Fields<'_, '_> {
    type Ok = ();
    type Error = Unfoldable;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        field: &'static str,
        value: &T,
    ) -> Result<(), Unfoldable> {
        let number = self.encoder.column(self.number, field)?;
        self.number += 1;
        let kind = self.encoder.columns[number].kind;
        self.encoder.cells[number].put(kind, value)
    }

    fn end(self) -> Result<(), Unfoldable> {
        Ok(())
    }
}

impl Cell {
    fn put<T: Serialize + ?Sized>(&mut self, kind: Kind, value: &T) -> Result<(), Unfoldable> {
        // A row may hold its own position; the engine's word is the last.
        self.text.clear();
        (self.is_set, self.is_null) = (true, false);
        if kind == Kind::Jsonb {
            return self.json(value);
        }
        value.serialize(Plain(&mut *self))?;
        match kind {
            Kind::Time => self.keep_within_the_calendar(),
            Kind::Plain if self.text.contains('\0') => self.text = without_nul(&self.text),
            _ => {}
        }
        Ok(())
    }

    /// `jsonb` has no NUL, not even escaped.
    fn json<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unfoldable> {
        let unfit = |error: serde_json::Error| Unfoldable::new(format!("a field is no JSON: {error}"));
        self.text = serde_json::to_string(value).map_err(unfit)?;
        self.is_null = self.text == "null";
        if self.text.contains("\\u0000") {
            let value: Value = serde_json::from_str(&self.text).map_err(unfit)?;
            self.text = cleaned(value).to_string();
        }
        Ok(())
    }

    /// PostgreSQL's text form has no years before 1, and nothing in business is that old.
    fn keep_within_the_calendar(&mut self) {
        if self.text.starts_with('-') || self.text.starts_with("0000") {
            "0001-01-01 00:00:00Z".clone_into(&mut self.text);
        }
    }
}

/// PostgreSQL's text has no NUL.
fn without_nul(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

fn cleaned(field: Value) -> Value {
    match field {
        Value::String(text) => Value::String(without_nul(&text)),
        Value::Array(items) => items.into_iter().map(cleaned).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, field)| (without_nul(&name), cleaned(field)))
            .collect(),
        other => other,
    }
}

impl ser::Error for Unfoldable {
    fn custom<T: Display>(reason: T) -> Self {
        Self::new(format!("a row can't be written: {reason}"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(serde::Serialize)]
    struct Row<V> {
        c: V,
    }

    fn written(kind: Kind, value: impl Serialize) -> Option<String> {
        let column = Column {
            name: "c".to_owned(),
            sql_type: "text".to_owned(),
            kind,
        };
        let texts = columns_of(&[column], [(&Row { c: value }, None)].into_iter()).unwrap();
        texts[0][0].clone()
    }

    #[test]
    fn what_postgresql_cannot_hold_becomes_the_nearest_that_it_can() {
        assert_eq!(written(Kind::Plain, "a\0b").unwrap(), "a\u{fffd}b");
        assert_eq!(
            written(Kind::Jsonb, json!({"k\0": ["v\0"]})).unwrap(),
            "{\"k\u{fffd}\":[\"v\u{fffd}\"]}"
        );
        assert_eq!(written(Kind::Jsonb, json!(r"a\u0000")).unwrap(), r#""a\\u0000""#);
        assert!(
            written(Kind::Time, "-000001-01-01")
                .unwrap()
                .starts_with("0001-01-01")
        );
        assert_eq!(
            written(Kind::Json, r#"{"a":"\u0000"}"#).unwrap(),
            r#"{"a":"\u0000"}"#
        );
    }

    #[test]
    fn nothing_becomes_null_and_numbers_keep_every_digit() {
        assert_eq!(written(Kind::Plain, None::<i64>), None);
        assert_eq!(written(Kind::Jsonb, Value::Null), None);
        let most = rust_decimal::Decimal::MAX;
        assert_eq!(written(Kind::Numeric, most), Some(most.to_string()));
    }

    #[test]
    fn a_row_that_does_not_fit_its_table_says_which_column_is_missing() {
        let columns = ["a", "c"].map(|name| Column {
            name: name.to_owned(),
            sql_type: "text".to_owned(),
            kind: Kind::Plain,
        });
        let refused = |columns| columns_of(columns, [(&Row { c: 1 }, None)].into_iter()).unwrap_err();
        assert!(refused(&columns[..]).to_string().contains("the column a"));
        assert!(refused(&columns[..1]).to_string().contains("the field c"));
    }
}
