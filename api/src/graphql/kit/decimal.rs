//! Exact numbers: text in JSON, never a float.

use std::str::FromStr;

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};

/// An exact decimal number as text, for instance `"12.50"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decimal(pub(crate) rust_decimal::Decimal);

/// An exact decimal number as text, for instance "12.50". Whole numbers are taken too; floats are not.
#[Scalar]
impl ScalarType for Decimal {
    fn parse(value: Value) -> InputValueResult<Self> {
        let number = match &value {
            Value::String(text) => rust_decimal::Decimal::from_str(text).ok(),
            Value::Number(number) => number.as_i64().map(rust_decimal::Decimal::from),
            _ => return Err(InputValueError::expected_type(value)),
        };
        number.map(Self).ok_or_else(|| {
            InputValueError::custom(format!("{value} is not a decimal number as text (\"12.50\")"))
        })
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

impl From<rust_decimal::Decimal> for Decimal {
    fn from(number: rust_decimal::Decimal) -> Self {
        Self(number)
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::{ScalarType, Value};

    use super::Decimal;

    #[test]
    fn a_decimal_is_text_and_keeps_its_places() {
        let read = Decimal::parse(Value::from("12.50")).unwrap();
        assert_eq!(read.to_value(), Value::from("12.50"));
        assert_eq!(
            Decimal::parse(Value::from(7)).unwrap().to_value(),
            Value::from("7")
        );
    }

    #[test]
    fn floats_and_words_are_refused() {
        for wrong in [
            Value::from(1.5),
            Value::from("1,5"),
            Value::from(""),
            Value::from(true),
        ] {
            assert!(Decimal::parse(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
