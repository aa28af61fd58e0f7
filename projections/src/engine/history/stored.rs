//! A row as it is after it was written to its table and read again: what the live queries show.

use jiff::civil::Date;
use jiff::{RoundMode, Timestamp, TimestampRound, Unit};
use rust_decimal::Decimal;
use serde_json::Value;

use super::Fields;
use crate::engine::encode::{fields, text};
use crate::engine::table::{Column, Kind, Table};
use crate::engine::{ReadModel, Unfoldable};

/// What its table would make of a row.
pub(crate) fn stored_form<M: ReadModel>(table: &Table, row: &M::Row) -> Result<(M::Row, Fields), Unfoldable> {
    let mut columns = fields(row)?;
    for column in &table.columns {
        if let Some(field) = columns.get_mut(&column.name) {
            *field = read_back(column, field.take());
        }
    }
    // The columns' texts have many forms; the row's type has one.
    let row = read::<M>(columns)?;
    let columns = fields(&row)?;
    Ok((row, columns))
}

/// Whether a column holds whole numbers.
pub(crate) fn is_number(table: &Table, column: &str) -> bool {
    let mut columns = table.columns.iter();
    columns.any(|known| known.name == column && known.sql_type == "bigint")
}

/// A row of a read model from its columns.
pub(super) fn read<M: ReadModel>(columns: Fields) -> Result<M::Row, Unfoldable> {
    serde_json::from_value(Value::Object(columns))
        .map_err(|error| Unfoldable::new(format!("a row can't be read: {error}")))
}

fn read_back(column: &Column, field: Value) -> Value {
    let is_text = field.is_string();
    let Some(text) = text(column, &field) else {
        return Value::Null;
    };
    let parsed = |text: String| serde_json::from_str(&text).unwrap_or(Value::String(text));
    match column.kind {
        Kind::Json => Value::String(text),
        Kind::Jsonb => parsed(text),
        Kind::Numeric => Value::String(without_signed_zero(text)),
        Kind::Time if column.sql_type == "date" => Value::String(day(text)),
        Kind::Time => Value::String(moment(text)),
        Kind::Plain if is_text => Value::String(text),
        Kind::Plain => parsed(text),
    }
}

/// PostgreSQL's `numeric` has one zero.
fn without_signed_zero(text: String) -> String {
    match text.strip_prefix('-') {
        Some(rest) if rest.parse::<Decimal>().is_ok_and(|number| number.is_zero()) => rest.to_owned(),
        _ => text,
    }
}

/// PostgreSQL keeps microseconds, and rounds what is finer.
fn moment(text: String) -> String {
    let round = TimestampRound::new()
        .smallest(Unit::Microsecond)
        .mode(RoundMode::HalfEven);
    let parsed = text.parse::<Timestamp>().and_then(|at| at.round(round));
    parsed.map_or(text, |at| at.to_string())
}

fn day(text: String) -> String {
    // A day before the calendar's begin is written as the moment at which it begins.
    let date = text.get(..10).and_then(|date| date.parse::<Date>().ok());
    date.map_or(text, |day| day.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn kept(sql_type: &str, kind: Kind, field: Value) -> Value {
        let column = Column {
            name: "c".to_owned(),
            sql_type: sql_type.to_owned(),
            kind,
        };
        read_back(&column, field)
    }

    #[test]
    fn what_a_column_makes_of_a_value_is_what_postgresql_makes_of_it() {
        let time = |text: &str| kept("timestamp with time zone", Kind::Time, json!(text));
        assert_eq!(
            time("2026-03-02T12:00:00.0000015Z"),
            "2026-03-02T12:00:00.000002Z"
        );
        assert_eq!(time("-000001-01-01T00:00:00Z"), "0001-01-01T00:00:00Z");
        assert_eq!(kept("date", Kind::Time, json!("-000005-01-01")), "0001-01-01");
        assert_eq!(kept("numeric", Kind::Numeric, json!("-0.00")), "0.00");
        assert_eq!(kept("numeric", Kind::Numeric, json!("-0.10")), "-0.10");
        assert_eq!(kept("text", Kind::Plain, json!("a\0")), "a\u{fffd}");
        assert_eq!(kept("text", Kind::Plain, json!("7")), "7");
        assert_eq!(kept("bigint", Kind::Plain, json!(7)), 7);
        assert_eq!(kept("text", Kind::Plain, Value::Null), Value::Null);
        assert_eq!(kept("jsonb", Kind::Jsonb, json!(["a\0"])), json!(["a\u{fffd}"]));
    }
}
