//! What the programs of one event type read of an event, taken out of its payload in one pass.

use std::borrow::Cow;
use std::fmt;

use rust_decimal::Decimal;
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::Value;
use crate::RecordedEvent;

/// The fields that some programs read, each with its place among the values that are found.
#[derive(Clone, Debug, Default)]
pub(in crate::meter) struct Fields {
    paths: Vec<Vec<String>>,
    data: Want,
}

/// A field that is wanted, or that leads to one.
#[derive(Clone, Debug, Default)]
struct Want {
    slot: Option<usize>,
    children: Vec<(String, Want)>,
}

/// The values of the fields, each in its place; `None`: there is no such field.
pub(in crate::meter) type Found<'e> = Vec<Option<Value<'e>>>;

impl Fields {
    /// The place of a path, which is added when it is new.
    pub(in crate::meter) fn slot(&mut self, path: &[String]) -> usize {
        if let Some(slot) = self.paths.iter().position(|known| known == path) {
            return slot;
        }
        let slot = self.paths.len();
        self.paths.push(path.to_owned());
        if path.first().is_some_and(|name| name == "data") {
            let mut want = &mut self.data;
            for name in &path[1..] {
                let place = want.children.iter().position(|(known, _)| known == name);
                let place = place.unwrap_or_else(|| {
                    want.children.push((name.clone(), Want::default()));
                    want.children.len() - 1
                });
                want = &mut want.children[place].1;
            }
            want.slot = Some(slot);
        }
        slot
    }

    /// The fields' values in an event whose payload is this text; the reason, when the text can't be read.
    pub(in crate::meter) fn find<'e>(
        &self,
        event: &'e RecordedEvent,
        payload: &'e str,
    ) -> Result<Found<'e>, String> {
        let mut found = vec![None; self.paths.len()];
        if !self.data.children.is_empty() {
            let mut json = serde_json::Deserializer::from_str(payload);
            let payload = Payload {
                want: &self.data,
                found: &mut found,
            };
            payload
                .deserialize(&mut json)
                .map_err(|error| error.to_string())?;
        }
        for (slot, path) in self.paths.iter().enumerate() {
            let text: Cow<'e, str> = match (path[0].as_str(), path.get(1).map(String::as_str)) {
                ("type", _) => event.event_type.as_str().into(),
                ("subject", _) => event.stream.id.as_str().into(),
                ("occurred_at", _) => event.occurred_at.to_string().into(),
                ("actor", Some("kind")) => event.actor.kind.to_string().into(),
                ("actor", _) => event.actor.id.as_str().into(),
                _ => continue,
            };
            found[slot] = Some(Value::Text(text));
        }
        Ok(found)
    }
}

/// A payload is one variant's name with its fields, or the name alone.
struct Payload<'w, 'f, 'e> {
    want: &'w Want,
    found: &'f mut Found<'e>,
}

impl<'e> DeserializeSeed<'e> for Payload<'_, '_, 'e> {
    type Value = ();
    fn deserialize<D: Deserializer<'e>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'e> Visitor<'e> for Payload<'_, '_, 'e> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event's payload")
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'e>>(self, mut map: A) -> Result<(), A::Error> {
        while map.next_key::<IgnoredAny>()?.is_some() {
            map.next_value_seed(Inside {
                want: self.want,
                found: self.found,
            })?;
        }
        Ok(())
    }
}

/// A value at a wanted place.
struct Inside<'w, 'f, 'e> {
    want: &'w Want,
    found: &'f mut Found<'e>,
}

impl<'e> DeserializeSeed<'e> for Inside<'_, '_, 'e> {
    type Value = ();
    fn deserialize<D: Deserializer<'e>>(self, json: D) -> Result<(), D::Error> {
        if self.want.slot.is_some() || self.want.children.is_empty() {
            let value = Value::deserialize(json)?;
            put(self.want, value, self.found);
            return Ok(());
        }
        json.deserialize_any(self)
    }
}

impl<'e> Visitor<'e> for Inside<'_, '_, 'e> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }
    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }
    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }
    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }
    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }
    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
    fn visit_seq<A: SeqAccess<'e>>(self, mut all: A) -> Result<(), A::Error> {
        while all.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'e>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(Name(name)) = map.next_key::<Name<'e>>()? {
            match self.want.children.iter().find(|(known, _)| *known == name) {
                Some((_, want)) => map.next_value_seed(Inside {
                    want,
                    found: self.found,
                })?,
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

/// Puts a whole value in its place, and what is wanted of its inside in theirs.
fn put<'e>(want: &Want, value: Value<'e>, found: &mut Found<'e>) {
    for (name, inside) in &want.children {
        if let Value::Map(all) = &value
            && let Some((_, value)) = all.iter().find(|(known, _)| known == name)
        {
            put(inside, value.clone(), found);
        }
    }
    if let Some(slot) = want.slot {
        found[slot] = Some(value);
    }
}

/// A text that is borrowed when it has no escapes.
#[derive(Deserialize)]
struct Name<'e>(#[serde(borrow)] Cow<'e, str>);

impl<'e> Deserialize<'e> for Value<'e> {
    fn deserialize<D: Deserializer<'e>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_any(Whole)
    }
}

struct Whole;

impl<'e> Visitor<'e> for Whole {
    type Value = Value<'e>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value<'e>, E> {
        Ok(Value::Null)
    }
    fn visit_bool<E: Error>(self, truth: bool) -> Result<Value<'e>, E> {
        Ok(Value::Bool(truth))
    }
    fn visit_i64<E: Error>(self, number: i64) -> Result<Value<'e>, E> {
        Ok(Value::Number(number.into()))
    }
    fn visit_u64<E: Error>(self, number: u64) -> Result<Value<'e>, E> {
        Ok(Value::Number(number.into()))
    }
    /// No event of this house writes such a number; the shortest text that means it is what was written.
    fn visit_f64<E: Error>(self, number: f64) -> Result<Value<'e>, E> {
        let exact = Decimal::from_str_exact(&number.to_string());
        exact
            .map(|number| Value::Number(number.normalize()))
            .map_err(E::custom)
    }
    fn visit_borrowed_str<E: Error>(self, text: &'e str) -> Result<Value<'e>, E> {
        Ok(Value::Text(Cow::Borrowed(text)))
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<Value<'e>, E> {
        Ok(Value::Text(Cow::Owned(text.to_owned())))
    }
    fn visit_seq<A: SeqAccess<'e>>(self, mut all: A) -> Result<Value<'e>, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = all.next_element()? {
            list.push(value);
        }
        Ok(Value::List(list))
    }
    fn visit_map<A: MapAccess<'e>>(self, mut all: A) -> Result<Value<'e>, A::Error> {
        let mut map = Vec::new();
        while let Some(Name(name)) = all.next_key::<Name<'e>>()? {
            map.push((name, all.next_value()?));
        }
        Ok(Value::Map(map))
    }
}
