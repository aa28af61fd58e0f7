//! What a reader of an older schema minds about a newer one of the same version.
//!
//! A reader takes members that it does not know. It minds a member that may be missing now, and a value that it did
//! not have to expect: another type, another choice, a looser bound.

use std::collections::BTreeSet;

use serde_json::Value;

/// A change that breaks readers: where, and what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Break {
    /// The member, for instance `totals.costs`; empty for the data itself.
    pub place: String,
    /// What was changed, in words.
    pub change: String,
}

/// Words that bound the values that a reader meets; another or a missing bound may let more through.
const BOUNDS: &[&str] = &[
    "const",
    "format",
    "maxItems",
    "maxLength",
    "maximum",
    "minItems",
    "minLength",
    "minimum",
    "pattern",
];

/// What breaks the readers of the schema `before` when events follow the schema `after`.
#[must_use]
pub fn breaks(before: &Value, after: &Value) -> Vec<Break> {
    let mut found = Vec::new();
    compare("", before, after, &mut found);
    found
}

fn compare(place: &str, before: &Value, after: &Value, found: &mut Vec<Break>) {
    let mut tell = |change: String| {
        found.push(Break {
            place: place.to_owned(),
            change,
        });
    };
    let (old, new) = (types(before), types(after));
    if !old.is_empty() && (new.is_empty() || !new.is_subset(&old)) {
        tell(format!("its type was {}, and is {}", listed(&old), listed(&new)));
        return;
    }
    for bound in BOUNDS {
        if let Some(old) = before.get(*bound)
            && after.get(*bound) != Some(old)
        {
            let new = after.get(*bound).map_or("absent".to_owned(), Value::to_string);
            tell(format!("{bound} was {old}, and is {new}"));
        }
    }
    for choice in choices(after) {
        if !choices(before).is_empty() && !choices(before).contains(&choice) {
            tell(format!("there is a new choice: {choice}"));
        }
    }
    if !choices(before).is_empty() && choices(after).is_empty() {
        tell("it was one of some choices, and is anything".to_owned());
    }
    let required = names(after);
    for name in names(before).difference(&required) {
        tell(format!("{name:?} was always there, and may be missing"));
    }
    let members = |schema: &Value| schema["properties"].as_object().cloned().unwrap_or_default();
    let new = members(after);
    for (name, schema) in members(before) {
        let inside = if place.is_empty() {
            name.clone()
        } else {
            format!("{place}.{name}")
        };
        match new.get(&name) {
            Some(now) => compare(&inside, &schema, now, found),
            None => found.push(Break {
                place: inside,
                change: "it is gone".to_owned(),
            }),
        }
    }
    for inner in ["items", "additionalProperties"] {
        if let Some(old) = before.get(inner) {
            let new = after.get(inner).unwrap_or(&Value::Null);
            compare(&format!("{place}[]"), old, new, found);
        }
    }
    for inner in ["anyOf", "oneOf"] {
        alternatives(place, &before[inner], &after[inner], found);
    }
}

/// Each alternative of the new schema must be one that the old one had.
fn alternatives(place: &str, before: &Value, after: &Value, found: &mut Vec<Break>) {
    let (Some(before), Some(after)) = (before.as_array(), after.as_array()) else {
        return;
    };
    for now in after.iter().filter(|now| now.get("const").is_none()) {
        let fits = before.iter().any(|old| breaks(old, now).is_empty());
        if !fits {
            found.push(Break {
                place: place.to_owned(),
                change: format!("there is a new alternative: {now}"),
            });
        }
    }
}

fn types(schema: &Value) -> BTreeSet<&str> {
    match &schema["type"] {
        Value::String(name) => BTreeSet::from([name.as_str()]),
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        _ => BTreeSet::new(),
    }
}

/// The values of an enumeration, be it a list or constants beside each other.
fn choices(schema: &Value) -> Vec<Value> {
    let listed = schema["enum"].as_array().cloned().unwrap_or_default();
    let of_each = |one: &Value| match one.get("const") {
        Some(value) => vec![value.clone()],
        None => one["enum"].as_array().cloned().unwrap_or_default(),
    };
    let beside = schema["oneOf"].as_array().into_iter().flatten().flat_map(of_each);
    listed.into_iter().chain(beside).collect()
}

fn names(schema: &Value) -> BTreeSet<String> {
    let required = schema["required"].as_array().into_iter().flatten();
    required.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn listed(types: &BTreeSet<&str>) -> String {
    if types.is_empty() {
        return "anything".to_owned();
    }
    types.iter().copied().collect::<Vec<_>>().join(" or ")
}
