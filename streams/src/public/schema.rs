//! JSON Schemas (draft 7) as this room handles them: whole in themselves, and no stricter than readers should be.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// The schema with every definition in the place of its reference. The domain's types hold no type that holds itself.
pub(super) fn inlined(mut schema: Value, definitions: &Map<String, Value>) -> Value {
    inline(&mut schema, definitions);
    schema
}

fn inline(schema: &mut Value, definitions: &Map<String, Value>) {
    match schema {
        Value::Object(members) => {
            let name = match members.get("$ref") {
                Some(Value::String(reference)) => reference.rsplit('/').next().map(str::to_owned),
                _ => None,
            };
            if let Some(Value::Object(definition)) = name.and_then(|name| definitions.get(&name)) {
                members.remove("$ref");
                for (name, value) in definition {
                    // What is said in the place itself says more.
                    members.entry(name.clone()).or_insert_with(|| value.clone());
                }
            }
            // Readers take members that they do not know, so that some can be added.
            if members.get("additionalProperties") == Some(&Value::Bool(false)) {
                members.remove("additionalProperties");
            }
            // A text over several lines of source is one sentence.
            if let Some(Value::String(text)) = members.get_mut("description") {
                *text = text.replace('\n', " ");
            }
            members.values_mut().for_each(|value| inline(value, definitions));
        }
        Value::Array(items) => items.iter_mut().for_each(|value| inline(value, definitions)),
        _ => {}
    }
}

/// The members of the data whose schema bears a mark.
pub(super) fn marked(data: &Value, mark: &str) -> BTreeSet<String> {
    let members = data["properties"].as_object().into_iter().flatten();
    let marked = members.filter(|(_, schema)| schema[mark] == Value::Bool(true));
    marked.map(|(name, _)| name.clone()).collect()
}

/// Takes secret members out, and lets personal ones be absent.
pub(super) fn make_public(data: &mut Value, personal: &BTreeSet<String>, secret: &BTreeSet<String>) {
    if let Some(members) = data.get_mut("properties").and_then(Value::as_object_mut) {
        members.retain(|name, _| !secret.contains(name));
    }
    if let Some(required) = data.get_mut("required").and_then(Value::as_array_mut) {
        required.retain(|name| {
            name.as_str()
                .is_none_or(|name| !secret.contains(name) && !personal.contains(name))
        });
    }
}
