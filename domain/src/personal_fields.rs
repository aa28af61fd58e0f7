//! Which fields of which events are personal: read off the types, so that nobody keeps a list.

use std::collections::HashMap;
use std::sync::LazyLock;

use schemars::generate::SchemaSettings;
use serde_json::Value;

use crate::Event;

static FIELDS: LazyLock<HashMap<&'static str, Vec<String>>> = LazyLock::new(|| {
    let mut generator = SchemaSettings::draft07().for_serialize().into_generator();
    let unions = Event::schemas(&mut generator);
    let catalog: HashMap<_, _> = Event::catalog().into_iter().collect();
    let mut fields = HashMap::new();
    for (slice, union) in unions {
        let union = union.to_value();
        for (event_type, _) in catalog.get(slice).copied().unwrap_or_default() {
            let personal = of_variant(&union, event_type);
            if !personal.is_empty() {
                fields.insert(*event_type, personal);
            }
        }
    }
    fields
});

/// The names of the personal fields of an event of this stored name, in the order of their names.
#[must_use]
pub fn personal_fields(event_type: &str) -> &'static [String] {
    FIELDS.get(event_type).map_or(&[], Vec::as_slice)
}

/// The stored names of all events that have personal fields, in order.
#[must_use]
pub fn personal_event_types() -> Vec<&'static str> {
    let mut types: Vec<_> = FIELDS.keys().copied().collect();
    types.sort_unstable();
    types
}

fn of_variant(union: &Value, event_type: &str) -> Vec<String> {
    // A stored name ends with its variant's.
    let Some((_, tag)) = event_type.split_once('.') else {
        return Vec::new();
    };
    let variants = union["oneOf"].as_array().into_iter().flatten();
    let members = variants.filter_map(|variant| variant["properties"][tag]["properties"].as_object());
    let marked = members
        .flatten()
        .filter(|(_, schema)| schema["x-personal"] == true);
    let mut names: Vec<String> = marked.map(|(name, _)| name.clone()).collect();
    names.sort_unstable();
    names
}

#[cfg(test)]
mod tests {
    use super::{personal_event_types, personal_fields};

    #[test]
    fn the_personal_fields_are_those_whose_type_says_so() {
        assert_eq!(personal_fields("lead.captured"), ["email", "name", "phone"]);
        assert_eq!(personal_fields("lead.enriched"), ["attributes"]);
        assert_eq!(personal_fields("member.invited"), ["email", "name"]);
        assert_eq!(personal_fields("claim.submitted"), ["patient"]);
        assert_eq!(
            personal_fields("access.denied"),
            ["address", "message", "user_agent"]
        );
        assert_eq!(personal_fields("access.seen"), ["address", "user_agent"]);
        assert!(personal_fields("lead.qualified").is_empty());
        assert_eq!(
            personal_event_types(),
            [
                "access.denied",
                "access.key_used",
                "access.operated",
                "access.read",
                "access.refused",
                "access.seen",
                "claim.submitted",
                "lead.captured",
                "lead.enriched",
                "member.invited"
            ]
        );
    }
}
