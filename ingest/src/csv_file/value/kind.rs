//! The types that a mapping can give to a field.

use serde_json::Value;

use super::{NumberFormat, TimeFormat};

/// A type, with what it takes to read it.
#[derive(Clone, Debug)]
pub(in crate::csv_file) enum Kind {
    Text,
    Integer(NumberFormat),
    /// Also the amount of a money value.
    Decimal(NumberFormat),
    Boolean,
    Date(TimeFormat),
    Datetime(TimeFormat),
}

impl Kind {
    /// Reads a trimmed, non-empty text as JSON: decimals, dates and instants become strings.
    ///
    /// # Errors
    ///
    /// What the text is not, to be read after it: `is not a number`.
    pub(in crate::csv_file) fn read(&self, text: &str) -> Result<Value, String> {
        match self {
            Self::Text => Ok(text.into()),
            Self::Integer(format) => format
                .integer(text)
                .map(Value::from)
                .ok_or_else(|| "is not a whole number".into()),
            Self::Decimal(format) => format
                .decimal(text)
                .map(|number| number.to_string().into())
                .ok_or_else(not_a_number),
            Self::Boolean => boolean(text)
                .map(Value::from)
                .ok_or_else(|| "is not true or false, yes or no, 1 or 0".into()),
            Self::Date(format) => match format.date(text) {
                Some(date) => Ok(date.to_string().into()),
                None => Err(format!("is not a date in the format {}", format.describe())),
            },
            Self::Datetime(format) => format.instant(text).map(|instant| instant.to_string().into()),
        }
    }
}

pub(in crate::csv_file) fn not_a_number() -> String {
    "is not a number".into()
}

/// Whether a text has the form of an ISO 4217 code; whether there is such a currency, the domain knows.
pub(in crate::csv_file) fn is_currency_code(text: &str) -> bool {
    text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "t" | "yes" | "y" | "1" => Some(true),
        "false" | "f" | "no" | "n" | "0" => Some(false),
        _ => None,
    }
}
