//! Binary mode: attributes in `ce-` headers, data in the body (HTTP protocol binding 1.0.2, section 3.1).

use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;

use super::attribute::Invalid;
use super::event::{Attributes, CloudEvent};

const PREFIX: &str = "ce-";

/// Whether a request looks like an event in binary mode.
pub(super) fn is_binary(headers: &HeaderMap) -> bool {
    headers.keys().any(|name| name.as_str().starts_with(PREFIX))
}

/// Reads an event.
///
/// # Errors
/// The first attribute that breaks a rule, or a body that is no JSON.
pub(super) fn read_binary(headers: &HeaderMap, body: &[u8]) -> Result<CloudEvent, Invalid> {
    let mut attributes = Attributes::default();
    for (header, value) in headers {
        let Some(name) = header.as_str().strip_prefix(PREFIX) else {
            continue;
        };
        if name == "datacontenttype" {
            return Err(Invalid::new(
                name,
                "has no header of its own in binary mode: it is the Content-Type",
            ));
        }
        attributes.put(name, decode(name, value.as_bytes())?)?;
    }
    if let Some(media) = headers.get(CONTENT_TYPE) {
        let media = media.to_str();
        let media = media.map_err(|_| Invalid::new("datacontenttype", "is not a media type in ASCII"))?;
        attributes.put("datacontenttype", media.to_owned())?;
    }
    let data = if body.is_empty() {
        None
    } else {
        let wrong = |error: serde_json::Error| Invalid::new("data", format!("is not JSON: {error}"));
        Some(serde_json::from_slice(body).map_err(wrong)?)
    };
    attributes.into_event(data)
}

/// A header's value as text: quotes undone, then percent-encoded bytes, once each.
fn decode(name: &str, value: &[u8]) -> Result<String, Invalid> {
    let unquoted = unquote(value).ok_or_else(|| Invalid::new(name, "has a quote that is not closed"))?;
    let mut bytes = Vec::with_capacity(unquoted.len());
    let mut rest = unquoted.as_slice();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        let hex = hex.filter(|hex| hex.bytes().all(|digit| digit.is_ascii_hexdigit()));
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(decoded) => {
                bytes.push(decoded);
                rest = &after[2..];
            }
            None => {
                let rule = "has a percent sign without two hexadecimal digits: write %25 for the sign itself";
                return Err(Invalid::new(name, rule));
            }
        }
    }
    String::from_utf8(bytes).map_err(|_| Invalid::new(name, "is not UTF-8 once it is percent-decoded"))
}

/// Undoes the quotes of RFC 7230, section 3.2.6; none if one is missing.
fn unquote(value: &[u8]) -> Option<Vec<u8>> {
    let Some((b'"', inner)) = value.split_first() else {
        return Some(value.to_vec());
    };
    let mut text = Vec::with_capacity(inner.len());
    let mut bytes = inner.iter();
    loop {
        match bytes.next()? {
            b'"' => return bytes.as_slice().is_empty().then_some(text),
            b'\\' => text.push(*bytes.next()?),
            byte => text.push(*byte),
        }
    }
}
