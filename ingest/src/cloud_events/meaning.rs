//! What an event means here: a fact, or a command.

use std::collections::BTreeMap;

use domain::usage::{Event, Fact, FactType};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use store::Key;

use super::attribute::Invalid;
use super::event::CloudEvent;
use super::exact::{decimal, members, value};
use crate::commands::Commands;
use crate::csv_file::Catalog;

/// An event, translated; the key makes it count once.
#[derive(Debug)]
pub(super) struct Meaning {
    pub(super) key: Key,
    pub(super) what: What,
}

/// What is to be recorded.
#[derive(Debug)]
pub(super) enum What {
    Fact(Event),
    Command {
        aggregate_type: String,
        id: String,
        command: Value,
    },
}

/// Translates an event.
///
/// # Errors
/// A type that isn't known, or data that doesn't fit it.
pub(super) fn meaning(event: &CloudEvent) -> Result<Meaning, Invalid> {
    if let Some(media) = &event.foreign_media {
        let rule = format!("is {media:?}, but the data must be application/json");
        return Err(Invalid::new("datacontenttype", rule));
    }
    let (what, content) = if ["usage.", "custom."]
        .iter()
        .any(|family| event.event_type.starts_with(family))
    {
        fact(event)?
    } else {
        command(event)?
    };
    let content = json!([event.event_type, event.subject, event.time, content]);
    let mut hasher = Sha256::new();
    hasher.update(canonical(&content));
    let key = Key {
        source: event.source.clone(),
        id: event.id.clone(),
        hash: hasher.finalize().into(),
    };
    Ok(Meaning { key, what })
}

/// A fact of `{"quantity": .., "unit"?: .., "dimensions"?: {..}}`; the subject becomes a dimension.
fn fact(event: &CloudEvent) -> Result<(What, Value), Invalid> {
    let event_type: FactType = event
        .event_type
        .parse()
        .map_err(|error: domain::InvalidValue| Invalid::new("type", error.to_string()))?;
    let data = event
        .data
        .as_ref()
        .ok_or_else(|| Invalid::new("data", "is missing: give {\"quantity\": ..}"))?;
    let mut data = members(data.get(), "data")?;
    let quantity = data
        .remove("quantity")
        .ok_or_else(|| Invalid::new("data.quantity", "is missing"))?;
    let quantity = quantity_of(quantity)?;
    let unit = data
        .remove("unit")
        .filter(|unit| unit.get() != "null")
        .map(|unit| text("data.unit", unit))
        .transpose()?;
    let mut dimensions = BTreeMap::new();
    if let Some(given) = data.remove("dimensions").filter(|given| given.get() != "null") {
        for (name, value) in members(given.get(), "data.dimensions")? {
            let value = text(&format!("data.dimensions.{name}"), value)?;
            dimensions.insert(name, value);
        }
    }
    if let Some(name) = data.keys().next() {
        return Err(Invalid::new(
            format!("data.{name}"),
            "is not known: a fact has quantity, unit and dimensions",
        ));
    }
    if let Some(subject) = &event.subject {
        dimensions
            .entry("subject".to_owned())
            .or_insert_with(|| subject.clone());
    }
    let content = json!([quantity.to_string(), unit, dimensions]);
    let fact = Fact::try_new(event_type, quantity, unit, dimensions);
    let fact = fact.map_err(|error| Invalid::new("data", error.to_string()))?;
    Ok((What::Fact(Event::Recorded(fact)), content))
}

fn quantity_of(json: &RawValue) -> Result<rust_decimal::Decimal, Invalid> {
    let wrong = || {
        Invalid::new(
            "data.quantity",
            "is not a number of at most 28 digits, as in 1.5 or \"1.5\"",
        )
    };
    if !json.get().starts_with('"') {
        return decimal(json.get()).ok_or_else(wrong);
    }
    let quoted: String = serde_json::from_str(json.get()).map_err(|_| wrong())?;
    // A text holds what JSON would take for a number, and nothing else.
    let number: &RawValue = serde_json::from_str(&quoted).map_err(|_| wrong())?;
    decimal(number.get()).ok_or_else(wrong)
}

fn text(place: &str, json: &RawValue) -> Result<String, Invalid> {
    match value(json, place, 0)? {
        Value::String(text) if json.get().starts_with('"') => Ok(text),
        _ => Err(Invalid::new(place, "must be a text")),
    }
}

/// A command on the aggregate that the subject names; the data is the command's fields.
fn command(event: &CloudEvent) -> Result<(What, Value), Invalid> {
    let unknown = || {
        let known = Commands.command_types().join(", ");
        let rule = format!(
            "{:?} is not taken here: give usage.*, custom.*, or one of {known}",
            event.event_type
        );
        Invalid::new("type", rule)
    };
    let fields = Commands.command_fields(&event.event_type).ok_or_else(unknown)?;
    let (aggregate_type, variant) = event.event_type.split_once('.').ok_or_else(unknown)?;
    let id = event.subject.clone().ok_or_else(|| {
        let rule = format!("is missing: it is the id of the {aggregate_type}");
        Invalid::new("subject", rule)
    })?;
    let data = match &event.data {
        Some(data) => value(data, "data", 0)?,
        None => Value::Object(Map::new()),
    };
    let Value::Object(given) = &data else {
        return Err(Invalid::new(
            "data",
            "must be a JSON object of the command's fields",
        ));
    };
    if let Some(name) = given.keys().find(|name| !fields.contains(&name.as_str())) {
        let known = if fields.is_empty() {
            "no fields".to_owned()
        } else {
            fields.join(", ")
        };
        let rule = format!("is not known: {} has {known}", event.event_type);
        return Err(Invalid::new(format!("data.{name}"), rule));
    }
    let data = if fields.is_empty() { Value::Null } else { data };
    let command = Value::Object(Map::from_iter([(variant.to_owned(), data.clone())]));
    let what = What::Command {
        aggregate_type: aggregate_type.to_owned(),
        id,
        command,
    };
    Ok((what, data))
}

/// The same text for the same content: names in order, no spaces.
fn canonical(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(canonical).collect();
            format!("[{}]", items.join(","))
        }
        Value::Object(object) => {
            let sorted: BTreeMap<_, _> = object.iter().collect();
            let members: Vec<_> = sorted
                .into_iter()
                .map(|(name, value)| format!("{}:{}", Value::from(name.as_str()), canonical(value)))
                .collect();
            format!("{{{}}}", members.join(","))
        }
        other => other.to_string(),
    }
}
