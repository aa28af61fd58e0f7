//! What an expression works with, and why it may come to nothing.

use std::borrow::Cow;

use rust_decimal::Decimal;

/// A value. Every number is an exact decimal.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::meter) enum Value<'e> {
    Null,
    Bool(bool),
    Number(Decimal),
    Text(Cow<'e, str>),
    List(Vec<Value<'e>>),
    Map(Vec<(Cow<'e, str>, Value<'e>)>),
}

impl<'e> Value<'e> {
    /// The same value, borrowed as far as it is text.
    pub(super) fn view<'v>(&'v self) -> Value<'v>
    where
        'e: 'v,
    {
        match self {
            Self::Null => Value::Null,
            Self::Bool(truth) => Value::Bool(*truth),
            Self::Number(number) => Value::Number(*number),
            Self::Text(text) => Value::Text(Cow::Borrowed(text)),
            Self::List(all) => Value::List(all.iter().map(Value::view).collect()),
            Self::Map(all) => {
                let view = |(name, value): &'v (Cow<'e, str>, Self)| (Cow::Borrowed(&**name), value.view());
                Value::Map(all.iter().map(view).collect())
            }
        }
    }

    /// What it is, as a person is told.
    pub(in crate::meter) const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a truth value",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
        }
    }
}

/// Why an expression has no value for an event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::meter) enum Trouble {
    #[error("there is no field {0}")]
    Missing(String),
    #[error("it divides by zero")]
    DivisionByZero,
    #[error("a number is larger than 28 digits")]
    TooLarge,
    #[error("{0} needs {1}, but it got {2}")]
    Mismatch(&'static str, &'static str, &'static str),
    #[error("{0:?} is not a decimal number")]
    NotANumber(String),
    #[error("{0:?} is not a time of RFC 3339")]
    NotATime(String),
}
