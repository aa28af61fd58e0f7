//! A CloudEvent whose attributes keep the specification's rules.

use domain::EventId;
use jiff::Timestamp;
use serde_json::value::RawValue;

use super::attribute::{Invalid, absolute_uri, is_name, not_empty, required, text, time, uri_reference};

/// An event as it came; its data is still text.
#[derive(Clone, Debug)]
pub struct CloudEvent {
    /// Unique in its source.
    pub id: String,
    /// Where it comes from: a URI-reference.
    pub source: String,
    /// As in `usage.tokens.input` or `lead.capture`.
    pub event_type: String,
    /// What it is about.
    pub subject: Option<String>,
    /// When it happened.
    pub time: Option<Timestamp>,
    /// The event that caused it, if the extension `causationid` names one by its ULID.
    pub causation_id: Option<EventId>,
    /// The media type that its data has, where that is not JSON in UTF-8.
    pub foreign_media: Option<String>,
    /// Its data, if it has any: JSON, or the text of another media type as JSON.
    pub data: Option<Box<RawValue>>,
}

/// Attributes as they were found: names in lower case, values as text.
#[derive(Debug, Default)]
pub(super) struct Attributes(Vec<(String, String)>);

impl Attributes {
    /// Takes one down.
    ///
    /// # Errors
    /// A name that no attribute may have, or that came before.
    pub(super) fn put(&mut self, name: &str, value: String) -> Result<(), Invalid> {
        if !is_name(name) {
            return Err(Invalid::new(
                name,
                "is no attribute's name: only a-z and 0-9 are allowed",
            ));
        }
        if self.0.iter().any(|(known, _)| known == name) {
            return Err(Invalid::new(name, "is given twice"));
        }
        self.0.push((name.to_owned(), value));
        Ok(())
    }

    /// Takes one out.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        let place = self.0.iter().position(|(known, _)| known == name)?;
        Some(self.0.swap_remove(place).1)
    }

    /// The first of these attributes, to tell an event that can't be read from the others.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Checks all attributes and puts the data to them.
    ///
    /// # Errors
    /// The first attribute that breaks a rule.
    pub(super) fn into_event(mut self, data: Option<Box<RawValue>>) -> Result<CloudEvent, Invalid> {
        let version = required("specversion", self.take("specversion"))?;
        if version != "1.0" {
            return Err(Invalid::new(
                "specversion",
                format!("is {version:?}, but only \"1.0\" is known here"),
            ));
        }
        let id = required("id", self.take("id"))?;
        let source = uri_reference("source", required("source", self.take("source"))?)?;
        let event_type = required("type", self.take("type"))?;
        let optional =
            |name: &str, value: Option<String>| value.map(|value| not_empty(name, value)).transpose();
        let subject = optional("subject", self.take("subject"))?;
        let schema = optional("dataschema", self.take("dataschema"))?;
        schema.map(|uri| absolute_uri("dataschema", uri)).transpose()?;
        let time = self.take("time").map(|value| time(&value)).transpose()?;
        let media = optional("datacontenttype", self.take("datacontenttype"))?;
        if let Some(media) = media.as_deref().filter(|media| !is_media_type(media)) {
            let rule = format!("is {media:?}, which is no media type of RFC 2045, as in application/json");
            return Err(Invalid::new("datacontenttype", rule));
        }
        // Other systems have causes of their own, which mean nothing here; so have all other extensions. Yet a broken
        // one is a broken event.
        let causation_id = self.get("causationid").and_then(|id| id.parse().ok());
        for (name, value) in self.0 {
            text(&name, value)?;
        }
        Ok(CloudEvent {
            id,
            source,
            event_type,
            subject,
            time,
            foreign_media: media.filter(|media| !is_json(media)),
            causation_id,
            data,
        })
    }
}

/// Whether a text is a media type: two tokens with a slash between, and parameters behind.
fn is_media_type(media: &str) -> bool {
    let is_token = |text: &str| {
        let symbols = b"!#$%&'*+-.^_`{|}~";
        let mut bytes = text.bytes();
        !text.is_empty() && bytes.all(|byte| byte.is_ascii_alphanumeric() || symbols.contains(&byte))
    };
    let essence = media.split(';').next().unwrap_or_default().trim();
    essence
        .split_once('/')
        .is_some_and(|(kind, subtype)| is_token(kind) && is_token(subtype))
}

/// Whether a media type says JSON in UTF-8.
pub(super) fn is_json(media: &str) -> bool {
    let mut parts = media.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
    let Some((kind, subtype)) = essence.split_once('/') else {
        return false;
    };
    !kind.is_empty() && (subtype == "json" || subtype.ends_with("+json")) && parts.all(is_utf8)
}

/// Whether a media type's parameter is no charset other than UTF-8.
pub(super) fn is_utf8(parameter: &str) -> bool {
    let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
    let utf8 = ["utf-8", "utf8", "us-ascii"];
    !name.trim().eq_ignore_ascii_case("charset")
        || utf8.contains(&value.trim().trim_matches('"').to_ascii_lowercase().as_str())
}
