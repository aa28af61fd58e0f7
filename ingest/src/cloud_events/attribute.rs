//! The rules of an attribute's value, each by the specification's section 3.

use jiff::Timestamp;

/// More than any id or source that makes sense; they are kept with every event.
const NAME_LIMIT_CHARS: usize = 1024;

/// An attribute, or a part of the data, that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{attribute}: {rule}")]
pub struct Invalid {
    /// As in `time` or `data.quantity`.
    pub attribute: String,
    /// What is wrong, and what would be right.
    pub rule: String,
}

impl Invalid {
    pub(super) fn new(attribute: impl Into<String>, rule: impl Into<String>) -> Self {
        Self {
            attribute: attribute.into(),
            rule: rule.into(),
        }
    }
}

/// A text that must be there, for a required attribute.
pub(super) fn required(name: &str, value: Option<String>) -> Result<String, Invalid> {
    let value = value.ok_or_else(|| Invalid::new(name, "is missing"))?;
    not_empty(name, value)
}

/// A text that may be left out but not empty.
pub(super) fn not_empty(name: &str, value: String) -> Result<String, Invalid> {
    if value.is_empty() {
        return Err(Invalid::new(name, "must not be empty"));
    }
    if value.chars().count() > NAME_LIMIT_CHARS {
        let rule = format!("has more than {NAME_LIMIT_CHARS} characters");
        return Err(Invalid::new(name, rule));
    }
    text(name, value)
}

/// A text of the specification's type String: no control characters, no noncharacters.
pub(super) fn text(name: &str, value: String) -> Result<String, Invalid> {
    let forbidden = |c: char| c.is_control() || is_noncharacter(c);
    match value.chars().find(|&c| forbidden(c)) {
        Some(c) => {
            let rule = format!(
                "has the character U+{:04X} in it, which no attribute may",
                u32::from(c)
            );
            Err(Invalid::new(name, rule))
        }
        None => Ok(value),
    }
}

const fn is_noncharacter(c: char) -> bool {
    let code = c as u32;
    matches!(code, 0xFDD0..=0xFDEF) || code & 0xFFFE == 0xFFFE
}

/// A name of an extension: lower-case letters and digits of ASCII.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

/// A timestamp of RFC 3339, cut to the nanosecond.
pub(super) fn time(value: &str) -> Result<Timestamp, Invalid> {
    let instant = is_rfc3339(value).then(|| {
        let (seconds, rest) = value.split_at("2026-01-01T00:00:00".len());
        let digits = rest.strip_prefix('.').map_or(0, |fraction| {
            fraction.bytes().take_while(u8::is_ascii_digit).count()
        });
        let (fraction, zone) = rest.split_at(if digits == 0 { 0 } else { digits + 1 });
        let fraction = &fraction[..fraction.len().min(10)];
        format!("{seconds}{fraction}{zone}").to_uppercase().parse().ok()
    });
    let invalid = || {
        let rule = format!("{value:?} is not a time of RFC 3339, as in 2026-03-02T12:00:00Z");
        Invalid::new("time", rule)
    };
    instant.flatten().ok_or_else(invalid)
}

fn is_rfc3339(value: &str) -> bool {
    let fits = |text: &str, form: &str| {
        text.len() == form.len()
            && text.bytes().zip(form.bytes()).all(|(byte, form)| match form {
                b'0' => byte.is_ascii_digit(),
                b'T' | b'Z' => byte.to_ascii_uppercase() == form,
                b'+' => matches!(byte, b'+' | b'-'),
                other => byte == other,
            })
    };
    let Some((seconds, rest)) = value.split_at_checked("0000-00-00T00:00:00".len()) else {
        return false;
    };
    let zone = match rest.strip_prefix('.') {
        Some(fraction) if fraction.starts_with(|c: char| c.is_ascii_digit()) => {
            fraction.trim_start_matches(|c: char| c.is_ascii_digit())
        }
        Some(_) => return false,
        None => rest,
    };
    // An offset is a time of day.
    let is_offset = || fits(zone, "+00:00") && &zone[1..3] < "24" && &zone[4..] < "60";
    fits(seconds, "0000-00-00T00:00:00") && (fits(zone, "Z") || is_offset())
}

/// A URI-reference of RFC 3986 by its characters, its scheme and its one fragment.
pub(super) fn uri_reference(name: &str, value: String) -> Result<String, Invalid> {
    if is_uri_reference(&value) {
        return Ok(value);
    }
    let rule =
        format!("{value:?} is not a URI-reference of RFC 3986, as in /shops/7 or https://example.org/shop");
    Err(Invalid::new(name, rule))
}

/// A URI-reference that begins with a scheme.
pub(super) fn absolute_uri(name: &str, value: String) -> Result<String, Invalid> {
    if is_uri_reference(&value) && scheme(&value).is_some_and(is_scheme) {
        return Ok(value);
    }
    let rule = format!("{value:?} is not an absolute URI of RFC 3986, as in https://example.org/schema");
    Err(Invalid::new(name, rule))
}

/// What stands before the first colon, if that comes before any path, query or fragment.
fn scheme(value: &str) -> Option<&str> {
    let end = value.find([':', '/', '?', '#'])?;
    value[end..].starts_with(':').then(|| &value[..end])
}

fn is_scheme(scheme: &str) -> bool {
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

fn is_uri_reference(value: &str) -> bool {
    if !scheme(value).is_none_or(is_scheme) {
        return false;
    }
    let (before, fragment) = value.split_once('#').unwrap_or((value, ""));
    let after_scheme = scheme(before).map_or(before, |scheme| &before[scheme.len() + 1..]);
    let (authority, rest) = match after_scheme.strip_prefix("//") {
        Some(rest) => rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len())),
        None => ("", after_scheme),
    };
    is_authority(authority) && has_only(rest, b"/?:@") && has_only(fragment, b"/?:@")
}

/// Brackets stand around an IP literal only, which may be followed by a port.
fn is_authority(authority: &str) -> bool {
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let user = &authority[..authority.len() - host.len()];
    let host_is_right = match host.strip_prefix('[') {
        Some(literal) => literal.split_once(']').is_some_and(|(address, port)| {
            has_only(address, b":") && (port.is_empty() || port.strip_prefix(':').is_some_and(is_digits))
        }),
        None => {
            let (name, port) = host.split_once(':').unwrap_or((host, ""));
            has_only(name, b"") && is_digits(port)
        }
    };
    host_is_right && has_only(user, b":@")
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a text has only unreserved characters, sub-delimiters, percent-encoded bytes and `others`.
fn has_only(text: &str, others: &[u8]) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let allowed = match byte {
            b'%' => {
                let mut hex = || bytes.next().is_some_and(|byte| byte.is_ascii_hexdigit());
                hex() && hex()
            }
            _ => byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&byte) || others.contains(&byte),
        };
        if !allowed {
            return false;
        }
    }
    true
}
