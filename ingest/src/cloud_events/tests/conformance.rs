//! The 43 JSON cases of the CloudEvents conformance project (`format/json`, by their ids), each judged as it says, and
//! the attribute named that breaks a rule: <https://github.com/cloudevents/conformance/tree/main/format/json>.

use serde_json::{Map, Value, json};

use crate::cloud_events::structured::{read_batch, read_event};

/// The attributes that every event of the cases has, some of them replaced, added, or taken away by `null`.
fn event(id: &str, changes: &[(&str, Value)]) -> Value {
    let mut event = Map::new();
    for (name, value) in [
        ("specversion", "1.0"),
        ("id", id),
        ("type", "io.cloudevents.test"),
        ("source", "https://cloudevents.io"),
    ] {
        event.insert(name.to_owned(), json!(value));
    }
    for (name, value) in changes {
        match value {
            Value::Null => drop(event.remove(*name)),
            value => drop(event.insert((*name).to_owned(), value.clone())),
        }
    }
    Value::Object(event)
}

fn all_core() -> Value {
    let optional = [
        ("datacontenttype", json!("text/plain")),
        ("dataschema", json!("https://cloudevents.io/dataschema")),
        ("subject", json!("tests")),
        ("time", json!("2018-04-05T17:31:00Z")),
    ];
    event("allCore", &optional)
}

fn all_extension_types() -> Value {
    let extensions = [
        ("extinteger", json!(10)),
        ("extboolean", json!(true)),
        ("extstring", json!("text")),
        ("exturi", json!("https://cloudevents.io")),
        ("exturiref", json!("//authority/path")),
        ("exttimestamp", json!("2023-03-31T15:12:00Z")),
        ("extbinary", json!("TWE=")),
    ];
    event("allExtensionTypes", &extensions)
}

/// An event whose optional attributes are there as `null`.
fn nulls() -> Value {
    let mut event = event("minimal", &[]);
    for name in ["datacontenttype", "dataschema", "subject", "time"] {
        event[name] = Value::Null;
    }
    event
}

fn at(time: &str) -> Value {
    event("minimalWithTime", &[("time", json!(time))])
}

#[test]
fn the_ten_valid_events_are_taken() {
    let text = [
        ("datacontenttype", json!("text/plain")),
        ("data", json!("Simple text")),
    ];
    let cases = [
        ("validMinimal", event("minimal", &[])),
        ("validMinimalWithNullForOptional", nulls()),
        ("validAllCoreAttributes", all_core()),
        ("validMinimalWithTimeUtc", at("2018-04-05T17:31:00Z")),
        (
            "validMinimalWithTimeToNanosecondsUtc",
            at("2018-04-05T17:31:00.000000000Z"),
        ),
        (
            "validMinimalWithTimeUsingPositiveOffset",
            at("2018-04-05T18:31:00+01:00"),
        ),
        (
            "validMinimalWithTimeUsingNegativeOffset",
            at("2018-04-05T16:31:00-01:00"),
        ),
        (
            "validRelativeSource",
            event("minimalWithRelativeSource", &[("source", json!("#fragment"))]),
        ),
        ("validSimpleTextData", event("simpleTextData", &text)),
        ("validAllExtensionTypes", all_extension_types()),
    ];
    for (case, event) in cases {
        let read = read_event(event.to_string().as_bytes()).unwrap_or_else(|error| {
            panic!("{case}: {}", error.invalid);
        });
        assert_eq!(read.id, event["id"].as_str().unwrap(), "{case}");
        assert_eq!(read.source, event["source"].as_str().unwrap(), "{case}");
        if case.contains("WithTime") {
            assert_eq!(read.time.unwrap().to_string(), "2018-04-05T17:31:00Z", "{case}");
        }
    }
}

#[test]
fn the_twenty_five_invalid_events_are_refused_by_the_name_of_the_attribute() {
    let cases = [
        ("invalidNoSpecVersion", "specversion", Value::Null),
        ("invalidNoId", "id", Value::Null),
        ("invalidNoType", "type", Value::Null),
        ("invalidNoSource", "source", Value::Null),
        ("invalidTimeGarbage", "time", json!("lunchtime")),
        ("invalidTimeToMinute", "time", json!("2018-04-05T18:31Z")),
        ("invalidTimeOffsetX", "time", json!("2018-04-05T18:31:00X")),
        (
            "invalidTimeOffsetOutOfRange",
            "time",
            json!("2018-04-05T18:31:00+25:00"),
        ),
        (
            "invalidTimeOffsetNonInteger",
            "time",
            json!("2018-04-05T18:31:00+xx:00"),
        ),
        (
            "invalidTimeOffsetHourOnly",
            "time",
            json!("2018-04-05T18:31:00+05"),
        ),
        ("invalidEmptyId", "id", json!("")),
        ("invalidEmptyType", "type", json!("")),
        ("invalidEmptySource", "source", json!("")),
        ("invalidEmptySpecVersion", "specversion", json!("")),
        ("invalidUnknownSpecVersion", "specversion", json!("0.9")),
        (
            "invalidNonRfc2046DataContentType",
            "datacontenttype",
            json!("xyz"),
        ),
        ("invalidEmptyDataContentType", "datacontenttype", json!("")),
        ("invalidEmptyDataSchema", "dataschema", json!("")),
        ("invalidEmptySubject", "subject", json!("")),
        ("invalidNumericId", "id", json!(25)),
        ("invalidObjectId", "id", json!({ "xyz": "abc" })),
        ("invalidCapitalizedExtension", "MyExtension", json!("bad")),
        ("invalidPunctuatedExtension", "my.extension", json!("bad")),
        ("invalidNonIntegerExtensionValue", "my.extension", json!(1.5)),
        (
            "invalidBothDataAndDataBase64",
            "data_base64",
            json!("eyAieHl6IjogMTIzIH0="),
        ),
    ];
    for (case, attribute, value) in cases {
        let mut changes = vec![(attribute, value)];
        if case == "invalidBothDataAndDataBase64" {
            changes.push(("data", json!("text")));
        }
        let refused = read_event(event("invalid", &changes).to_string().as_bytes());
        let said = refused.expect_err(case).invalid.to_string();
        assert!(said.starts_with(&format!("{attribute}: ")), "{case}: {said}");
    }
}

#[test]
fn the_five_valid_batches_are_taken() {
    let minimal = || event("minimal", &[]);
    let cases = [
        ("validBatchEmpty", vec![]),
        ("validBatchMinimal", vec![minimal()]),
        ("validBatchMinimal2", vec![minimal(), minimal()]),
        ("validBatchMinimalAndAllCore", vec![minimal(), all_core()]),
        (
            "validBatchMinimalAndAllExtensionTypes",
            vec![minimal(), all_extension_types()],
        ),
    ];
    for (case, events) in cases {
        let batch = read_batch(Value::from(events.clone()).to_string().as_bytes());
        let batch = batch.unwrap_or_else(|error| panic!("{case}: {error}"));
        assert_eq!(batch.len(), events.len(), "{case}");
        assert!(batch.iter().all(Result::is_ok), "{case}");
    }
}

#[test]
fn the_three_invalid_batches_are_refused_item_by_item() {
    let minimal = event("minimal1", &[]);
    let cases = [
        (
            "invalidBatchMixedSpecVersions",
            vec![
                minimal.clone(),
                event("minimal2", &[("specversion", json!("0.9"))]),
            ],
            vec![true, false],
        ),
        (
            "invalidBatchContainingInvalidCloudEvent",
            vec![event("", &[("id", Value::Null)])],
            vec![false],
        ),
        (
            "invalidBatchContainingNonObject",
            vec![json!("not an object"), minimal],
            vec![false, true],
        ),
    ];
    for (case, events, judged) in cases {
        let batch = read_batch(Value::from(events).to_string().as_bytes());
        let batch = batch.unwrap_or_else(|error| panic!("{case}: {error}"));
        let found: Vec<bool> = batch.iter().map(Result::is_ok).collect();
        assert_eq!(found, judged, "{case}");
    }
}
