//! Moments and days.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use jiff::Timestamp;

/// A moment, as RFC 3339 has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DateTime(pub(crate) Timestamp);

/// A moment as RFC 3339 has it, for instance "2026-03-02T12:00:00Z". Answers are in UTC.
#[Scalar(specified_by_url = "https://scalars.graphql.org/andimarek/date-time")]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = &value else {
            return Err(InputValueError::expected_type(value));
        };
        text.parse()
            .map(Self)
            .map_err(|_| InputValueError::custom(format!("{text:?} is not a moment (2026-03-02T12:00:00Z)")))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

impl From<Timestamp> for DateTime {
    fn from(at: Timestamp) -> Self {
        Self(at)
    }
}

/// A day of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Date(pub(crate) jiff::civil::Date);

/// A day of the calendar (ISO 8601), for instance "2026-03-02".
#[Scalar(specified_by_url = "https://scalars.graphql.org/andimarek/local-date")]
impl ScalarType for Date {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = &value else {
            return Err(InputValueError::expected_type(value));
        };
        text.parse()
            .map(Self)
            .map_err(|_| InputValueError::custom(format!("{text:?} is not a day (2026-03-02)")))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

impl From<jiff::civil::Date> for Date {
    fn from(day: jiff::civil::Date) -> Self {
        Self(day)
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::{ScalarType, Value};

    use super::{Date, DateTime};

    #[test]
    fn a_moment_is_shown_in_utc() {
        let read = DateTime::parse(Value::from("2026-03-02T13:00:00+01:00")).unwrap();
        assert_eq!(read.to_value(), Value::from("2026-03-02T12:00:00Z"));
    }

    #[test]
    fn what_is_no_moment_or_day_is_refused() {
        for wrong in ["", "yesterday", "2026-13-01T00:00:00Z", "2026-03-02"] {
            assert!(DateTime::parse(Value::from(wrong)).is_err(), "{wrong}");
        }
        for wrong in ["", "2026-02-30", "02.03.2026"] {
            assert!(Date::parse(Value::from(wrong)).is_err(), "{wrong}");
        }
    }
}
