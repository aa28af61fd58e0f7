//! The public types against the committed shapes of the log's events.

use serde_json::{Value, json};

use super::{breaks, public_type, public_types};

/// The log's stored payloads, by type and version.
fn snapshots() -> Vec<(String, u16, Value)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../domain/snapshots");
    let files = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let read = |path: std::path::PathBuf| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let (event_type, version) = name.rsplit_once(".v").unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        (
            event_type.to_owned(),
            version.parse().unwrap(),
            serde_json::from_str(&text).unwrap(),
        )
    };
    files.map(read).collect()
}

#[test]
fn every_event_of_the_log_has_a_public_type_with_all_its_members() {
    let mut seen = 0;
    for (event_type, version, payload) in snapshots() {
        let public = public_type(&event_type).unwrap_or_else(|| panic!("{event_type} has no public type"));
        if version != public.version {
            continue;
        }
        seen += 1;
        let (_, data) = payload.as_object().unwrap().iter().next().unwrap();
        for name in data.as_object().unwrap().keys() {
            let described = public.schema["properties"].get(name).is_some();
            assert_eq!(described, !public.secret.contains(name), "{event_type}: {name}");
        }
        for name in public.schema["required"].as_array().unwrap() {
            let name = name.as_str().unwrap();
            assert!(
                data.get(name).is_some(),
                "{event_type}: {name} is not always there"
            );
        }
    }
    assert_eq!(seen, public_types().len(), "each public type has its snapshot");
}

#[test]
fn what_is_personal_or_secret_lies_at_the_top_of_the_data() {
    fn deep(schema: &Value, depth: usize, name: &str) {
        for mark in ["x-personal", "x-secret"] {
            assert!(
                depth <= 1 || schema.get(mark).is_none(),
                "{name}: {mark} too deep to be held back"
            );
        }
        let inner = schema["properties"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(_, inner)| inner);
        for inner in inner
            .chain(schema.get("items"))
            .chain(schema.get("additionalProperties"))
        {
            deep(inner, depth + 1, name);
        }
    }
    for public in public_types() {
        deep(&public.schema, 0, public.name);
    }
    assert!(public_type("lead.captured").unwrap().personal.contains("email"));
    assert!(public_type("member.invited").unwrap().personal.contains("email"));
    assert!(public_type("api_key.issued").unwrap().secret.contains("hash"));
}

#[test]
fn no_type_refers_to_another_document() {
    for public in public_types() {
        assert!(!public.schema.to_string().contains("$ref"), "{}", public.name);
    }
}

fn object(properties: Value, required: Value) -> Value {
    json!({ "type": "object", "properties": properties, "required": required })
}

#[test]
fn a_reader_minds_what_it_did_not_have_to_expect() {
    let text = json!({ "type": "string" });
    let before = object(
        json!({ "a": text, "b": { "type": ["string", "null"] } }),
        json!(["a"]),
    );
    let told = |after: Value| {
        let told = breaks(&before, &after);
        told.into_iter()
            .map(|found| format!("{}: {}", found.place, found.change))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        told(object(json!({ "a": text }), json!(["a"]))),
        ["b: it is gone"]
    );
    assert_eq!(
        told(object(
            json!({ "a": { "type": "integer" }, "b": { "type": "null" } }),
            json!(["a"])
        )),
        ["a: its type was string, and is integer"]
    );
    assert_eq!(
        told(object(
            json!({ "a": text, "b": { "type": ["string", "null"] } }),
            json!([])
        )),
        [": \"a\" was always there, and may be missing"]
    );
    let choice = |choices: Value| object(json!({ "c": { "type": "string", "enum": choices } }), json!([]));
    assert_eq!(breaks(&choice(json!(["x", "y"])), &choice(json!(["x"]))), []);
    assert_eq!(
        breaks(&choice(json!(["x"])), &choice(json!(["x", "y"])))[0].change,
        "there is a new choice: \"y\""
    );
}

#[test]
fn a_reader_does_not_mind_more_members_and_less_of_a_choice() {
    let before = object(json!({ "a": { "type": ["string", "null"] } }), json!([]));
    let after = object(
        json!({ "a": { "type": "string" }, "new": { "type": "integer" } }),
        json!(["a"]),
    );
    assert_eq!(breaks(&before, &after), []);
    for public in public_types() {
        assert_eq!(breaks(&public.schema, &public.schema), [], "{}", public.name);
    }
}
