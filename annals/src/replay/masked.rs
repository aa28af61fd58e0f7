//! Events without what they say about persons: the same value always becomes the same mask, so that what was equal
//! stays equal.

use std::collections::HashMap;

use domain::{Event, RecordedEvent};
use serde_json::Value;
use streams::public_type;

/// The masks that were given out.
#[derive(Debug, Default)]
pub(super) struct Masks(HashMap<String, String>);

impl Masks {
    /// An event whose personal fields are masked.
    ///
    /// # Errors
    /// When what is masked is no event any more.
    pub(super) fn mask(&mut self, event: &RecordedEvent) -> anyhow::Result<Event> {
        let mut payload = event.event.encode();
        let personal = public_type(&event.event_type).map(|public| &public.personal);
        // An event is one variant's name with its fields.
        let fields = payload
            .as_object_mut()
            .and_then(|event| event.values_mut().next());
        if let (Some(personal), Some(Value::Object(fields))) = (personal, fields) {
            for (_, value) in fields.iter_mut().filter(|(name, _)| personal.contains(*name)) {
                self.cover(value);
            }
        }
        let version = Event::version_of(&event.event_type).unwrap_or(event.version);
        Ok(Event::decode(
            event.stream.aggregate_type,
            &event.event_type,
            version,
            &payload.to_string(),
        )?)
    }

    fn cover(&mut self, value: &mut Value) {
        match value {
            Value::String(text) => {
                let number = self.0.len() + 1;
                let mask = || like(text, number);
                // An address is kept as it came and in lower case: both have one mask.
                *text = self.0.entry(text.to_lowercase()).or_insert_with(mask).clone();
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.cover(item)),
            Value::Object(members) => members.values_mut().for_each(|member| self.cover(member)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

/// A text that the same rules take: an address for an address, a number for a number.
fn like(text: &str, number: usize) -> String {
    if text.contains('@') {
        // The domain is reserved for examples (RFC 2606).
        format!("person-{number}@example.org")
    } else if text.starts_with('+') {
        format!("+1415555{:04}", 2000 + number % 8000)
    } else if text.parse::<std::net::IpAddr>().is_ok() {
        // The network is reserved for documentation (RFC 5737).
        format!("192.0.2.{}", number % 256)
    } else {
        format!("Person {number}")
    }
}

#[cfg(test)]
mod tests {
    use super::like;

    #[test]
    fn a_mask_is_like_what_it_covers() {
        assert_eq!(like("ada@lovelace.org", 1), "person-1@example.org");
        assert_eq!(like("+4930123456", 2), "+14155552002");
        assert_eq!(like("10.1.2.3", 3), "192.0.2.3");
        assert_eq!(like("Ada", 4), "Person 4");
    }
}
