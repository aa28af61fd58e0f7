//! What a span, or what it comes from, says of itself.

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;

/// Attributes as OTLP lists them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attributes<'a>(pub(super) &'a [KeyValue]);

impl<'a> Attributes<'a> {
    /// The text under the first of these names that has one that is not blank.
    pub(super) fn text(self, names: &[&str]) -> Option<&'a str> {
        names.iter().find_map(|name| match self.value(name)? {
            Value::StringValue(text) if !text.trim().is_empty() => Some(text.as_str()),
            _ => None,
        })
    }

    /// The count under the first of these names that has one: a whole number, not below zero.
    pub(super) fn count(self, names: &[&str]) -> Option<u64> {
        names.iter().find_map(|name| match self.value(name)? {
            Value::IntValue(count) => u64::try_from(*count).ok(),
            // Some languages know one kind of number only.
            Value::StringValue(text) => text.parse().ok(),
            Value::DoubleValue(count) => format!("{count}").parse().ok(),
            _ => None,
        })
    }

    fn value(self, name: &str) -> Option<&'a Value> {
        let attribute = self.0.iter().find(|attribute| attribute.key == name)?;
        attribute.value.as_ref()?.value.as_ref()
    }
}
