//! Events in, facts and commands out.

use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::json;
use serde_json::value::RawValue;

use crate::cloud_events::CloudEvent;
use crate::cloud_events::exact::{decimal, value};
use crate::cloud_events::meaning::{Meaning, What, meaning};

fn event(event_type: &str, subject: Option<&str>, data: Option<&str>) -> CloudEvent {
    CloudEvent {
        causation_id: None,
        id: "7".into(),
        source: "/shop".into(),
        event_type: event_type.into(),
        subject: subject.map(Into::into),
        time: None,
        foreign_media: None,
        data: data.map(|data| RawValue::from_string(data.into()).unwrap()),
    }
}

fn fact(data: &str) -> Result<Meaning, String> {
    meaning(&event("usage.tokens", None, Some(data))).map_err(|invalid| invalid.to_string())
}

fn told(meaning: &Meaning) -> String {
    match &meaning.what {
        What::Fact(event) => serde_json::to_string(event).unwrap(),
        What::Command {
            aggregate_type,
            id,
            command,
        } => format!("{aggregate_type} {id} {command}"),
    }
}

#[test]
fn data_that_is_no_json_has_no_meaning() {
    for media in ["text/plain", "application/json;charset=utf-16"] {
        let mut event = event("usage.tokens", None, Some(r#""1.5""#));
        event.foreign_media = Some(media.to_owned());
        let said = format!("datacontenttype: is {media:?}, but the data must be application/json");
        assert_eq!(meaning(&event).unwrap_err().to_string(), said);
    }
}

#[test]
fn a_quantity_is_what_its_digits_say() {
    for (json, quantity) in [
        ("1.5", "1.5"),
        ("\"1.50\"", "1.5"),
        ("0.1", "0.1"),
        ("-3", "-3"),
        ("1e3", "1000"),
        ("1.25E-2", "0.0125"),
        ("12345678901234567890.123456789", "12345678901234567890.123456789"),
        ("9007199254740993", "9007199254740993"),
        ("0.0000000000000000000000000001", "0.0000000000000000000000000001"),
        ("1.0000000000000000000000000000000000", "1"),
    ] {
        let meaning = fact(&format!("{{\"quantity\":{json}}}")).unwrap();
        let expected = format!(
            r#"{{"recorded":{{"type":"usage.tokens","quantity":"{quantity}","unit":null,"dimensions":{{}}}}}}"#
        );
        assert_eq!(told(&meaning), expected, "{json}");
    }
    for json in [
        "1e400",
        "1e29",
        "\"\"",
        "\"x\"",
        "\"1,5\"",
        "\" \"",
        "true",
        "null",
        "{}",
        "[1]",
        "\"NaN\"",
        "\"1_000\"",
        "0.00000000000000000000000000001",
        "123456789012345678901234567890",
        "1e-29",
        "\"\\\"1\\\"\"",
        "1e99999999999",
    ] {
        let refused = fact(&format!("{{\"quantity\":{json}}}")).unwrap_err();
        assert!(refused.starts_with("data.quantity: "), "{json}: {refused}");
    }
}

#[test]
fn a_fact_has_a_quantity_a_unit_and_dimensions() {
    let meaning = fact(r#"{"quantity":1,"unit":"token","dimensions":{"model":"m"}}"#).unwrap();
    assert!(told(&meaning).contains(r#""unit":"token","dimensions":{"model":"m"}"#));
    let about = event("usage.tokens", Some("acme"), Some(r#"{"quantity":1}"#));
    assert!(told(&super::super::meaning::meaning(&about).unwrap()).contains(r#"{"subject":"acme"}"#));
    for (data, said) in [
        ("7", "data: must be a JSON object"),
        ("{}", "data.quantity: is missing"),
        (r#"{"quantity":1,"unit":7}"#, "data.unit: must be a text"),
        (r#"{"quantity":1,"unit":""}"#, "data: unit: "),
        (
            r#"{"quantity":1,"dimensions":[]}"#,
            "data.dimensions: must be a JSON object",
        ),
        (
            r#"{"quantity":1,"dimensions":{"a":1}}"#,
            "data.dimensions.a: must be a text",
        ),
        (
            r#"{"quantity":1,"dimensions":{"a":"\u0000"}}"#,
            "data.dimensions.a: has a NUL",
        ),
        (
            r#"{"quantity":1,"dimensions":{"a":"x","a":"y"}}"#,
            "data.dimensions.a: is given twice",
        ),
        (r#"{"quantity":1,"quantity":2}"#, "data.quantity: is given twice"),
        (r#"{"quantity":1,"amount":2}"#, "data.amount: is not known"),
    ] {
        let refused = fact(data).unwrap_err();
        assert!(refused.starts_with(said), "{data}: {refused}");
    }
    let none = meaning_of(&event("usage.tokens", None, None));
    assert!(none.starts_with("data: is missing"), "{none}");
    for wrong in ["usage.", "usage.A", "custom.a..b"] {
        let refused = meaning_of(&event(wrong, None, Some(r#"{"quantity":1}"#)));
        assert!(refused.starts_with("type: "), "{refused}");
    }
}

fn meaning_of(event: &CloudEvent) -> String {
    meaning(event).map_or_else(|invalid| invalid.to_string(), |meaning| told(&meaning))
}

#[test]
fn a_command_goes_to_the_aggregate_that_the_subject_names() {
    let data = r#"{"value":{"amount":1200.50,"currency":"USD"}}"#;
    assert_eq!(
        meaning_of(&event("opportunity.win", Some("crm-1"), Some(data))),
        r#"opportunity crm-1 {"win":{"value":{"amount":1200.5,"currency":"USD"}}}"#
    );
    let exact = r#"{"value":{"amount":12345678901234567.89,"currency":"USD"}}"#;
    assert_eq!(
        meaning_of(&event("opportunity.win", Some("crm-1"), Some(exact))),
        r#"opportunity crm-1 {"win":{"value":{"amount":"12345678901234567.89","currency":"USD"}}}"#
    );
    assert_eq!(
        meaning_of(&event("subscription.resume", Some("s1"), Some("{}"))),
        r#"subscription s1 {"resume":null}"#
    );
    for (event, said) in [
        (
            event("opportunity.win", None, Some(data)),
            "subject: is missing: it is the id of the opportunity",
        ),
        (
            event("opportunity.win", Some("x"), Some("[]")),
            "data: must be a JSON object of the command's fields",
        ),
        (
            event("opportunity.win", Some("x"), Some(r#"{"price":1}"#)),
            "data.price: is not known: opportunity.win has value",
        ),
        (
            event("subscription.resume", Some("x"), Some(r#"{"a":1}"#)),
            "data.a: is not known: subscription.resume has no fields",
        ),
    ] {
        assert_eq!(meaning_of(&event), said);
    }
    for unknown in ["opportunity.fly", "tenant.suspend", "com.example.thing", "usage"] {
        let refused = meaning_of(&event(unknown, Some("x"), Some("{}")));
        assert!(refused.contains("is not taken here: give usage.*, custom.*, or one of agent.configure, "));
    }
}

#[test]
fn the_same_content_has_the_same_hash_however_it_is_written() {
    let hash = |data: &str| fact(data).unwrap().key.hash;
    let first = hash(r#"{"quantity":1.5,"unit":"token","dimensions":{"a":"x","b":"y"}}"#);
    assert_eq!(
        first,
        hash(r#"{"dimensions":{"b":"y","a":"x"}, "unit":"token","quantity":"1.50"}"#)
    );
    assert_ne!(
        first,
        hash(r#"{"quantity":1.6,"unit":"token","dimensions":{"a":"x","b":"y"}}"#)
    );
    let one = event("lead.qualify", Some("l1"), Some(r#"{"score":7}"#));
    let other = event("lead.qualify", Some("l2"), Some(r#"{"score":7}"#));
    assert_ne!(meaning(&one).unwrap().key.hash, meaning(&other).unwrap().key.hash);
}

#[test]
fn json_that_is_too_deep_is_refused() {
    let deep = format!("{}1{}", "[".repeat(100), "]".repeat(100));
    let deep = RawValue::from_string(deep).unwrap();
    assert!(value(&deep, "data", 0).unwrap_err().rule.contains("too deep"));
    let fine = RawValue::from_string(r#"{"a":[1,true,null,"x",{"b":-0.25}]}"#.into()).unwrap();
    assert_eq!(
        value(&fine, "data", 0).unwrap(),
        json!({"a": [1, true, null, "x", {"b": -0.25}]})
    );
}

proptest! {
    #[test]
    fn every_decimal_reads_back_from_its_text(mantissa in -(1i128 << 90)..(1i128 << 90), scale in 0u32..28) {
        let number = Decimal::from_i128_with_scale(mantissa, scale);
        prop_assert_eq!(decimal(&number.to_string()), Some(number.normalize()));
        prop_assert_eq!(decimal(&format!("{mantissa}e-{scale}")), Some(number.normalize()));
    }

    #[test]
    fn no_text_of_a_number_breaks_the_reader(text in "-?[0-9]{0,40}\\.?[0-9]{0,40}([eE][+-]?[0-9]{0,4})?") {
        decimal(&text);
    }
}
