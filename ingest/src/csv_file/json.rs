//! A record of JSON, seen as a row of the columns that a mapping names: `customer.address.city` is a member of a
//! member, `items.0.price` of a list's first element.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::value::RawValue;
use store::Key;

use super::mapping::{Identity, Mapping};
use super::message::{Header, Rejection, Row};
use super::translate::{Outputs, Translator};

/// Reads records of JSON by a mapping.
#[derive(Clone, Debug)]
pub struct JsonRecords {
    translator: Translator,
    header: Header,
}

/// Why a record of JSON can't be taken.
#[derive(Debug, thiserror::Error)]
pub enum JsonError {
    /// It is no JSON.
    #[error("the record is not JSON: {0}")]
    NoJson(#[from] serde_json::Error),
    /// It is no object.
    #[error("the record is {0}, but members are mapped: an object is needed")]
    NoObject(&'static str),
    /// A member is not what the mapping needs.
    #[error("{member}: is {kind}, but a text, a number or a truth is mapped")]
    NoText {
        /// The member, as the mapping names it.
        member: String,
        /// What it is.
        kind: &'static str,
    },
    /// A value can't be taken.
    #[error("{}", shown(.0))]
    Rejected(Box<Rejection>),
}

fn shown(rejection: &Rejection) -> String {
    let member = rejection.column.as_deref().unwrap_or("the record");
    match &rejection.value {
        Some(value) => format!("{member}: {value:?} {}", rejection.reason),
        None => format!("{member}: {}", rejection.reason),
    }
}

impl JsonRecords {
    /// Reads by this mapping; its columns are the members' names.
    #[must_use]
    pub fn new(mapping: Mapping) -> Self {
        let names = mapping.column_names().map(str::to_owned).collect();
        let header = Header { names };
        let places = (0..header.names.len()).collect();
        Self {
            translator: Translator { mapping, places },
            header,
        }
    }

    /// What a record becomes, and the key under which it counts once: its identity by the mapping, else `place`,
    /// which names where it lies.
    ///
    /// # Errors
    /// The first member that can't be taken.
    pub fn read(&self, json: &[u8], place: &str) -> Result<(Key, Outputs), JsonError> {
        let record: &RawValue = serde_json::from_slice(json)?;
        if !record.get().starts_with('{') {
            return Err(JsonError::NoObject(kind(record)));
        }
        let (mut text, mut ends) = (String::new(), Vec::new());
        for name in &self.header.names {
            if let Some(value) = find(record, name)? {
                text.push_str(&scalar(name, value)?);
            }
            ends.push(text.len());
        }
        let row = Row {
            number: 1,
            line: 1,
            header: &self.header,
            text: &text,
            ends: &ends,
        };
        let rejected = |rejection| JsonError::Rejected(Box::new(rejection));
        let id = match self.translator.mapping().identity() {
            Identity::Columns(columns) => self.translator.cells(row).record_id(columns).map_err(rejected)?,
            Identity::Content => place.to_owned(),
        };
        let translated = self.translator.translate(row, id).map_err(rejected)?;
        let key = Key {
            source: self.translator.mapping().source().to_owned(),
            id: translated.receipt_id,
            hash: translated.content_hash,
        };
        Ok((key, translated.outputs))
    }
}

/// A member by its name, or by the names on the way to it.
fn find<'a>(value: &'a RawValue, name: &str) -> Result<Option<&'a RawValue>, serde_json::Error> {
    match value.get().as_bytes().first() {
        Some(b'{') => {
            let members: BTreeMap<Cow<'a, str>, &'a RawValue> = serde_json::from_str(value.get())?;
            if let Some(found) = members.get(name) {
                return Ok(Some(found));
            }
            let Some((first, rest)) = name.split_once('.') else {
                return Ok(None);
            };
            members.get(first).map_or(Ok(None), |inner| find(inner, rest))
        }
        Some(b'[') => {
            let (first, rest) = name
                .split_once('.')
                .map_or((name, None), |(first, rest)| (first, Some(rest)));
            let elements: Vec<&'a RawValue> = serde_json::from_str(value.get())?;
            let element = first
                .parse()
                .ok()
                .and_then(|place: usize| elements.get(place).copied());
            match (element, rest) {
                (Some(element), Some(rest)) => find(element, rest),
                (element, _) => Ok(element),
            }
        }
        _ => Ok(None),
    }
}

/// A value as the text of a field; nothing for `null`.
fn scalar(name: &str, value: &RawValue) -> Result<String, JsonError> {
    let json = value.get();
    match json.as_bytes().first() {
        Some(b'"') => Ok(serde_json::from_str(json)?),
        Some(b'{' | b'[') => Err(JsonError::NoText {
            member: name.to_owned(),
            kind: kind(value),
        }),
        _ if json == "null" => Ok(String::new()),
        _ => Ok(json.to_owned()),
    }
}

fn kind(value: &RawValue) -> &'static str {
    match value.get().as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "a list",
        Some(b'"') => "a text",
        Some(b't' | b'f') => "a truth",
        Some(b'n') => "null",
        _ => "a number",
    }
}

#[cfg(test)]
mod tests {
    use super::JsonRecords;
    use crate::commands::Commands;
    use crate::csv_file::{Mapping, Outputs};

    const MAPPING: &str = r#"
        source = "shop"
        [record]
        id = ["order.number"]
        [[fact]]
        type = "usage.orders"
        quantity = { column = "order.items.0.count" }
        unit = "piece"
        occurred_at = { column = "at" }
        [fact.dimensions]
        city = { column = "customer.city", default = "unknown" }
        gift = { column = "gift", required = false }
    "#;

    fn read(json: &str) -> Result<(String, Outputs), String> {
        let mapping = Mapping::parse(MAPPING, &Commands).unwrap();
        let read = JsonRecords::new(mapping).read(json.as_bytes(), "topic/0/7");
        read.map(|(key, outputs)| (key.id, outputs))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn members_feed_a_mapping_by_their_paths() {
        let (id, outputs) = read(
            r#"{"order": {"number": 7, "items": [{"count": 2.50}]}, "at": "2026-03-01T10:00:00Z",
                "customer": {"city": null}, "gift": true, "more": [1]}"#,
        )
        .unwrap();
        let Outputs::Facts(facts) = outputs else {
            panic!("{outputs:?}");
        };
        assert_eq!(
            (id.as_str(), facts[0].quantity.to_string().as_str()),
            ("7", "2.50")
        );
        assert_eq!(facts[0].dimensions["city"], "unknown");
        assert_eq!(facts[0].dimensions["gift"], "true");
        assert_eq!(facts[0].occurred_at.unwrap().to_string(), "2026-03-01T10:00:00Z");
    }

    #[test]
    fn what_does_not_fit_is_named() {
        for (json, named) in [
            ("{", "the record is not JSON"),
            ("[]", "the record is a list"),
            (r#"{"order": {"number": {}}}"#, "order.number: is an object"),
            (
                r#"{"order": {"items": [{"count": 2}]}}"#,
                "order.number: is empty",
            ),
            (
                r#"{"order": {"number": 7, "items": [{"count": "many"}]}}"#,
                "order.items.0.count: \"many\"",
            ),
            (
                r#"{"order": {"number": 7, "items": []}}"#,
                "order.items.0.count: is empty",
            ),
        ] {
            let said = read(json).unwrap_err();
            assert!(said.starts_with(named), "{json}: {said}");
        }
    }

    #[test]
    fn without_an_identity_the_place_is_one() {
        let mapping = Mapping::parse(
            &MAPPING.replace("[record]\n        id = [\"order.number\"]", ""),
            &Commands,
        );
        let records = JsonRecords::new(mapping.unwrap());
        let json = br#"{"order": {"items": [{"count": 2}]}}"#;
        assert_eq!(records.read(json, "topic/0/7").unwrap().0.id, "topic/0/7");
    }
}
