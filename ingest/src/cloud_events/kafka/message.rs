//! A record as an event (CloudEvents 1.0.2, Kafka protocol binding): binary or structured mode.

use rdkafka::message::{Headers, Message};

use super::super::attribute::Invalid;
use super::super::event::{Attributes, CloudEvent};
use super::super::structured::read_event;

const PREFIX: &str = "ce_";
const CONTENT_TYPE: &str = "content-type";

/// Reads an event.
///
/// # Errors
/// The first attribute that breaks a rule, or a value that is no JSON.
pub(super) fn read(message: &impl Message) -> Result<CloudEvent, Invalid> {
    let body = message.payload().unwrap_or_default();
    let mut attributes = Attributes::default();
    let mut is_binary = false;
    let mut media = None;
    for header in message.headers().into_iter().flat_map(Headers::iter) {
        let text = |name: &str| {
            let text = std::str::from_utf8(header.value.unwrap_or_default());
            text.map(str::to_owned)
                .map_err(|_| Invalid::new(name, "is not UTF-8"))
        };
        if header.key.eq_ignore_ascii_case(CONTENT_TYPE) {
            media = Some(text("datacontenttype")?);
        } else if let Some(name) = header.key.strip_prefix(PREFIX) {
            is_binary = true;
            attributes.put(name, text(name)?)?;
        }
    }
    let essence = media.as_deref().and_then(|media| media.split(';').next());
    let essence = essence.unwrap_or_default().trim().to_ascii_lowercase();
    if essence == "application/cloudevents+json" {
        return read_event(body).map_err(|unreadable| unreadable.invalid);
    }
    if essence.starts_with("application/cloudevents") {
        let rule = format!("is {essence:?}: a structured event is application/cloudevents+json here");
        return Err(Invalid::new(CONTENT_TYPE, rule));
    }
    if !is_binary {
        let rule = "is missing: the record has neither ce_ headers nor the content-type \
                    application/cloudevents+json";
        return Err(Invalid::new("specversion", rule));
    }
    if let Some(media) = media {
        attributes.put("datacontenttype", media)?;
    }
    let data = if body.is_empty() {
        None
    } else {
        let wrong = |error: serde_json::Error| Invalid::new("data", format!("is not JSON: {error}"));
        Some(serde_json::from_slice(body).map_err(wrong)?)
    };
    attributes.into_event(data)
}

#[cfg(test)]
mod tests {
    use rdkafka::Timestamp;
    use rdkafka::message::{Header, OwnedHeaders, OwnedMessage};

    use super::read;

    fn message(headers: &[(&str, &str)], body: &str) -> OwnedMessage {
        let headers = headers.iter().fold(OwnedHeaders::new(), |headers, (key, value)| {
            headers.insert(Header {
                key,
                value: Some(value.as_bytes()),
            })
        });
        let body = Some(body.as_bytes().to_vec());
        OwnedMessage::new(
            body,
            None,
            "t".to_owned(),
            Timestamp::NotAvailable,
            0,
            0,
            Some(headers),
        )
    }

    const BINARY: &[(&str, &str)] = &[
        ("ce_specversion", "1.0"),
        ("ce_id", "7"),
        ("ce_source", "/crawler"),
        ("ce_type", "usage.pages"),
        ("content-type", "application/json"),
    ];

    #[test]
    fn both_modes_are_read() {
        let binary = read(&message(BINARY, "{\"quantity\":\"3\"}")).unwrap();
        let body = "{\"specversion\":\"1.0\",\"id\":\"7\",\"source\":\"/crawler\",\"type\":\"usage.pages\",\
                    \"data\":{\"quantity\":\"3\"}}";
        let media = [("content-type", "application/cloudevents+json; charset=utf-8")];
        let structured = read(&message(&media, body)).unwrap();
        for event in [binary, structured] {
            assert_eq!((event.id.as_str(), event.source.as_str()), ("7", "/crawler"));
            assert_eq!(event.data.unwrap().get(), "{\"quantity\":\"3\"}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let named =
            |headers: &[(&str, &str)], body: &str| read(&message(headers, body)).unwrap_err().to_string();
        assert!(named(&[], "{}").contains("ce_ headers"));
        assert!(named(BINARY, "{\"quantity\":").starts_with("data: is not JSON"));
        assert!(named(&BINARY[1..], "{}").starts_with("specversion: is missing"));
        assert!(named(&[("content-type", "application/cloudevents+avro")], "x").contains("avro"));
        assert!(named(&[("content-type", "application/cloudevents+json")], "[]").starts_with("body"));
    }
}
