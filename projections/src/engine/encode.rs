//! Rows as columns of text, which PostgreSQL casts to each column's type: exact for every type there is.

use serde::Serialize;
use serde_json::{Map, Value};

use super::Unfoldable;
use super::table::{Column, Kind};

/// One column of many rows.
pub(super) type Texts = Vec<Option<String>>;

/// The fields of anything that serialises as a JSON object.
pub(super) fn fields(value: &impl Serialize) -> Result<Map<String, Value>, Unfoldable> {
    match serde_json::to_value(value) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(other) => Err(Unfoldable::new(format!("{other} is no row"))),
        Err(error) => Err(Unfoldable::new(format!("a row can't be written: {error}"))),
    }
}

/// A field as the text that its column takes.
pub(super) fn text(column: &Column, field: Value) -> Option<String> {
    match (column.kind, field) {
        (_, Value::Null) => None,
        (Kind::Jsonb, field) => Some(without_nul_escapes(field)),
        (Kind::Time, Value::String(text)) => Some(within_the_calendar(text)),
        // PostgreSQL's text has no NUL.
        (Kind::Plain, Value::String(text)) if text.contains('\0') => Some(text.replace('\0', "\u{fffd}")),
        (_, Value::String(text)) => Some(text),
        (_, other) => Some(other.to_string()),
    }
}

/// PostgreSQL's text form has no years before 1, and nothing in business is that old.
fn within_the_calendar(text: String) -> String {
    if text.starts_with('-') || text.starts_with("0000") {
        "0001-01-01 00:00:00Z".to_owned()
    } else {
        text
    }
}

/// `jsonb` has no NUL either, not even escaped.
fn without_nul_escapes(field: Value) -> String {
    let text = field.to_string();
    if text.contains("\\u0000") {
        cleaned(field).to_string()
    } else {
        text
    }
}

fn cleaned(field: Value) -> Value {
    let clean = |text: String| text.replace('\0', "\u{fffd}");
    match field {
        Value::String(text) => Value::String(clean(text)),
        Value::Array(items) => items.into_iter().map(cleaned).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, field)| (clean(name), cleaned(field)))
            .collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn written(kind: Kind, field: Value) -> Option<String> {
        let column = Column {
            name: "c".to_owned(),
            sql_type: "text".to_owned(),
            kind,
        };
        text(&column, field)
    }

    #[test]
    fn what_postgresql_cannot_hold_becomes_the_nearest_that_it_can() {
        assert_eq!(written(Kind::Plain, json!("a\0b")).unwrap(), "a\u{fffd}b");
        assert_eq!(
            written(Kind::Jsonb, json!({"k\0": ["v\0"]})).unwrap(),
            "{\"k\u{fffd}\":[\"v\u{fffd}\"]}"
        );
        assert_eq!(written(Kind::Jsonb, json!(r"a\u0000")).unwrap(), r#""a\\u0000""#);
        assert!(
            written(Kind::Time, json!("-000001-01-01"))
                .unwrap()
                .starts_with("0001-01-01")
        );
        assert_eq!(
            written(Kind::Json, json!(r#"{"a":"\u0000"}"#)).unwrap(),
            r#"{"a":"\u0000"}"#
        );
    }
}
