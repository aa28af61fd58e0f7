//! Events as objects, batches and headers: which are taken, and what is said of the others.

use axum::http::{HeaderMap, HeaderName, HeaderValue};

use crate::cloud_events::CloudEvent;
use crate::cloud_events::attribute::Invalid;
use crate::cloud_events::binary::read_binary;
use crate::cloud_events::structured::{read_batch, read_event};

/// An event with one member replaced or added; `null` takes it away.
fn with(name: &str, json: &str) -> String {
    let own = [
        ("specversion", r#""1.0""#),
        ("id", r#""7""#),
        ("source", r#""/shop""#),
        ("type", r#""usage.x""#),
    ];
    let kept = own.iter().filter(|(known, _)| *known != name);
    let members: Vec<_> = kept
        .copied()
        .chain([(name, json)])
        .map(|(name, json)| format!("{name:?}:{json}"))
        .collect();
    format!("{{{}}}", members.join(","))
}

fn structured(json: &str) -> Result<CloudEvent, String> {
    read_event(json.as_bytes()).map_err(|unreadable| unreadable.invalid.to_string())
}

#[test]
fn a_minimal_event_is_taken() {
    let event = structured(&with("subject", "null")).unwrap();
    assert_eq!(
        (
            event.id.as_str(),
            event.source.as_str(),
            event.event_type.as_str()
        ),
        ("7", "/shop", "usage.x")
    );
    assert!(event.subject.is_none() && event.time.is_none() && event.data.is_none());
}

#[test]
fn extensions_may_be_texts_truths_and_whole_numbers() {
    for json in [r#""x""#, "true", "-7", "null", r#""""#] {
        assert!(structured(&with("ext1", json)).is_ok(), "{json}");
    }
    for json in ["1.5", "3000000000", "{}", "[]", r#""\u0007""#] {
        let refused = structured(&with("ext1", json)).unwrap_err();
        assert!(refused.starts_with("ext1: "), "{json}: {refused}");
    }
}

#[test]
fn an_attribute_that_breaks_a_rule_is_named() {
    for (name, json, said) in [
        ("specversion", "null", "specversion: is missing"),
        (
            "specversion",
            r#""0.3""#,
            r#"specversion: is "0.3", but only "1.0" is known here"#,
        ),
        ("specversion", "1.0", "specversion: must be a text"),
        ("id", "null", "id: is missing"),
        ("id", r#""""#, "id: must not be empty"),
        ("id", "7", "id: must be a text"),
        (
            "id",
            r#""a\u0000b""#,
            "id: has the character U+0000 in it, which no attribute may",
        ),
        (
            "id",
            r#""a\u0085b""#,
            "id: has the character U+0085 in it, which no attribute may",
        ),
        ("source", "null", "source: is missing"),
        ("source", r#""""#, "source: must not be empty"),
        ("type", "null", "type: is missing"),
        ("type", r#""""#, "type: must not be empty"),
        ("subject", r#""""#, "subject: must not be empty"),
        (
            "time",
            r#""""#,
            "time: \"\" is not a time of RFC 3339, as in 2026-03-02T12:00:00Z",
        ),
        (
            "datacontenttype",
            r#""text""#,
            "datacontenttype: is \"text\", which is no media type of RFC 2045, as in application/json",
        ),
        (
            "dataschema",
            r#""relative/one""#,
            "dataschema: \"relative/one\" is not an absolute URI of RFC 3986, as in https://example.org/schema",
        ),
        (
            "Subject",
            r#""x""#,
            "Subject: is no attribute's name: only a-z and 0-9 are allowed",
        ),
        (
            "my-ext",
            r#""x""#,
            "my-ext: is no attribute's name: only a-z and 0-9 are allowed",
        ),
        (
            "",
            r#""x""#,
            ": is no attribute's name: only a-z and 0-9 are allowed",
        ),
        ("data_base64", "7", "data_base64: must be a text in Base64"),
    ] {
        assert_eq!(structured(&with(name, json)).unwrap_err(), said);
    }
    let twice = with("ext", r#""a","ext":"b""#);
    assert_eq!(structured(&twice).unwrap_err(), "ext: is given twice");
    let both = with("data", r#"{},"data_base64":"e30=""#);
    assert!(
        structured(&both)
            .unwrap_err()
            .starts_with("data_base64: is given beside data")
    );
}

#[test]
fn a_source_is_a_uri_reference() {
    for good in [
        "/shop",
        "shop",
        "https://ada@example.org:8080/a/b;c=1?x=/y#z",
        "urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66",
        "mailto:ada@example.org",
        "http://[2001:db8::1]:80/x",
        "//host/x",
        "?q",
        "#f",
        "a%20b",
        "1-555-123-4567",
        "/cloudevents/spec/pull/123",
    ] {
        let event = structured(&with("source", &format!("{good:?}")));
        assert!(event.is_ok(), "{good}: {event:?}");
    }
    for bad in [
        "a b",
        "ü",
        "<x>",
        "a%2",
        "a%zz",
        "1x:y",
        ":x",
        "a#b#c",
        "http://[::1",
        "http://x:y/",
        "a[b]",
        "a\\\\b",
        "{x}",
    ] {
        let refused = structured(&with("source", &format!("\"{bad}\""))).unwrap_err();
        assert!(refused.starts_with("source: "), "{bad}: {refused}");
    }
}

#[test]
fn a_time_is_one_of_rfc_3339() {
    for (good, instant) in [
        ("2026-03-02T12:00:00Z", "2026-03-02T12:00:00Z"),
        ("2026-03-02t12:00:00z", "2026-03-02T12:00:00Z"),
        ("2026-03-02T12:00:00.5+01:30", "2026-03-02T10:30:00.5Z"),
        ("2026-03-02T12:00:00-00:00", "2026-03-02T12:00:00Z"),
        (
            "2026-03-02T12:00:00.123456789123Z",
            "2026-03-02T12:00:00.123456789Z",
        ),
    ] {
        let event = structured(&with("time", &format!("{good:?}"))).unwrap();
        assert_eq!(event.time.unwrap().to_string(), instant, "{good}");
    }
    for bad in [
        "2026-03-02",
        "2026-03-02T12:00Z",
        "2026-03-02T12:00:00",
        "2026-03-02 12:00:00Z",
        "2026-13-02T12:00:00Z",
        "2026-02-30T12:00:00Z",
        "2026-03-02T25:00:00Z",
        "2026-03-02T12:00:00.Z",
        "2026-03-02T12:00:00+01",
        "1772452800",
        "2026-03-02T12:00:00Z[UTC]",
        "2026-03-02T12:00:00+0100",
        "+002026-03-02T12:00:00Z",
        "yesterday",
        "ü026-03-02T12:00:00Z",
    ] {
        let refused = structured(&with("time", &format!("{bad:?}"))).unwrap_err();
        assert!(refused.starts_with("time: "), "{bad}: {refused}");
    }
}

#[test]
fn data_comes_as_json_or_in_base64() {
    let event = structured(&with("data_base64", r#""eyJxdWFudGl0eSI6MS41MH0=""#)).unwrap();
    assert_eq!(event.data.unwrap().get(), r#"{"quantity":1.50}"#);
    for (bad, said) in [
        ("e30", "is not Base64"),
        ("!!!!", "is not Base64"),
        ("bm8=", "does not hold JSON"),
    ] {
        let refused = structured(&with("data_base64", &format!("{bad:?}"))).unwrap_err();
        assert!(refused.starts_with(&format!("data_base64: {said}")), "{refused}");
    }
    assert!(structured(&with("data", "null")).unwrap().data.is_none());
}

#[test]
fn a_body_that_is_no_event_is_refused() {
    for body in [
        &b""[..],
        b"[]",
        b"7",
        b"{",
        b"\"x\"",
        b"{} {}",
        b"{\"id\":\"\xff\"}",
        b"null",
    ] {
        let refused = read_event(body).unwrap_err().invalid;
        assert_eq!(refused.attribute, "body", "{body:?}");
    }
    for body in [&b""[..], b"{}", b"[", b"7", b"[{}"] {
        assert_eq!(read_batch(body).unwrap_err().attribute, "body", "{body:?}");
    }
}

#[test]
fn each_event_of_a_batch_is_judged_for_itself() {
    let batch = format!("[{},{},7]", with("subject", "null"), with("time", "\"x\""));
    let read = read_batch(batch.as_bytes()).unwrap();
    assert!(read[0].is_ok());
    let unreadable = read[1].as_ref().unwrap_err();
    assert_eq!(
        (unreadable.id.as_deref(), unreadable.source.as_deref()),
        (Some("7"), Some("/shop"))
    );
    assert_eq!(read[2].as_ref().unwrap_err().invalid.attribute, "body");
    assert!(read_batch(b"[]").unwrap().is_empty());
}

fn binary(more: &[(&'static str, &[u8])], body: &[u8]) -> Result<CloudEvent, Invalid> {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("ce-specversion", &b"1.0"[..]),
        ("ce-id", b"7"),
        ("ce-source", b"/shop"),
        ("ce-type", b"usage.x"),
        ("content-type", b"application/json"),
    ] {
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_bytes(value).unwrap(),
        );
    }
    for (name, value) in more {
        let (name, value) = (
            HeaderName::from_static(name),
            HeaderValue::from_bytes(value).unwrap(),
        );
        headers.insert(name, value);
    }
    read_binary(&headers, body)
}

#[test]
fn headers_are_unquoted_and_percent_decoded_once() {
    for (value, text) in [
        (&b"Euro%20%E2%82%AC%20%F0%9F%98%80"[..], "Euro € 😀"),
        (b"plain", "plain"),
        (b"100%25", "100%"),
        (b"%2525", "%25"),
        (b"\"a \\\"b\\\" %41\"", "a \"b\" A"),
        (b"a%22b", "a\"b"),
        ("grün".as_bytes(), "grün"),
    ] {
        let event = binary(&[("ce-subject", value)], b"").unwrap();
        assert_eq!(event.subject.as_deref(), Some(text));
    }
    for value in [
        &b"%"[..],
        b"%4",
        b"%zz",
        b"%+1",
        b"%ff",
        b"\xff",
        b"\"open",
        b"\"a\"b",
        b"",
        b"%00",
    ] {
        let refused = binary(&[("ce-subject", value)], b"").unwrap_err();
        assert_eq!(refused.attribute, "subject", "{value:?}");
    }
}

#[test]
fn a_body_in_binary_mode_is_the_data() {
    let event = binary(&[("ce-ext1", b"x")], b"{\"quantity\":2}").unwrap();
    assert_eq!(event.data.unwrap().get(), r#"{"quantity":2}"#);
    assert_eq!(binary(&[], b"{").unwrap_err().attribute, "data");
    let refused = binary(&[("ce-datacontenttype", b"application/json")], b"").unwrap_err();
    assert_eq!(refused.attribute, "datacontenttype");
    assert_eq!(
        binary(&[("ce-my-ext", b"x")], b"").unwrap_err().attribute,
        "my-ext"
    );
    assert_eq!(
        binary(&[("ce-specversion", b"0.3")], b"").unwrap_err().attribute,
        "specversion"
    );
}
