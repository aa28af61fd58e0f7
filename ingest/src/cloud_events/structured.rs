//! The JSON format: an event as an object, a batch as an array of them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::RawValue;

use super::attribute::Invalid;
use super::event::{Attributes, CloudEvent};
use super::exact::pairs;

/// An event that can't be taken, with what it says of itself.
#[derive(Debug)]
pub(super) struct Unreadable {
    pub(super) id: Option<String>,
    pub(super) source: Option<String>,
    pub(super) invalid: Invalid,
}

/// Reads one event.
///
/// # Errors
/// The first attribute that breaks a rule, or that the body is no JSON object.
pub(super) fn read_event(body: &[u8]) -> Result<CloudEvent, Unreadable> {
    let members = pairs(body).map_err(|error| Unreadable {
        id: None,
        source: None,
        invalid: Invalid::new("body", format!("is not an event as a JSON object: {error}")),
    })?;
    let mut attributes = Attributes::default();
    let data = read_members(members, &mut attributes);
    let (id, source) = (
        attributes.get("id").map(str::to_owned),
        attributes.get("source").map(str::to_owned),
    );
    data.and_then(|data| attributes.into_event(data))
        .map_err(|invalid| Unreadable { id, source, invalid })
}

/// Reads a batch; each event is judged for itself.
///
/// # Errors
/// That the body is no JSON array.
pub(super) fn read_batch(body: &[u8]) -> Result<Vec<Result<CloudEvent, Unreadable>>, Invalid> {
    let events: Vec<&RawValue> = serde_json::from_slice(body)
        .map_err(|error| Invalid::new("body", format!("is not a batch as a JSON array: {error}")))?;
    Ok(events
        .into_iter()
        .map(|event| read_event(event.get().as_bytes()))
        .collect())
}

/// Puts the members to the attributes, all but the data; goes on after the first that is wrong.
fn read_members(
    members: Vec<(String, &RawValue)>,
    attributes: &mut Attributes,
) -> Result<Option<Box<RawValue>>, Invalid> {
    let (mut data, mut data_base64) = (None, None);
    let mut first_wrong = Ok(());
    for (name, value) in members {
        let done = match name.as_str() {
            "data" => set_once(&mut data, "data", value),
            "data_base64" => set_once(&mut data_base64, "data_base64", value),
            // An attribute that is null is not set.
            _ if value.get() == "null" => Ok(()),
            _ => attribute_text(&name, value).and_then(|text| attributes.put(&name, text)),
        };
        first_wrong = first_wrong.and(done);
    }
    first_wrong?;
    match (data, data_base64) {
        (Some(_), Some(_)) => Err(Invalid::new(
            "data_base64",
            "is given beside data: an event has one of the two",
        )),
        (data, None) => Ok(data.filter(|data| data.get() != "null").map(ToOwned::to_owned)),
        (None, Some(encoded)) => decode(encoded).map(Some),
    }
}

fn set_once<'a>(slot: &mut Option<&'a RawValue>, name: &str, value: &'a RawValue) -> Result<(), Invalid> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(Invalid::new(name, "is given twice")),
    }
}

/// An attribute is a text; an extension may also be true, false or a whole number of 32 bits.
fn attribute_text(name: &str, value: &RawValue) -> Result<String, Invalid> {
    const OWN: [&str; 8] = [
        "specversion",
        "id",
        "source",
        "type",
        "subject",
        "time",
        "dataschema",
        "datacontenttype",
    ];
    let json = value.get();
    if json.starts_with('"') {
        return serde_json::from_str(json).map_err(|error| Invalid::new(name, error.to_string()));
    }
    if OWN.contains(&name) {
        return Err(Invalid::new(name, "must be a text"));
    }
    if matches!(json, "true" | "false") || json.parse::<i32>().is_ok() {
        return Ok(json.to_owned());
    }
    Err(Invalid::new(
        name,
        "must be a text, true, false or a whole number of 32 bits",
    ))
}

fn decode(encoded: &RawValue) -> Result<Box<RawValue>, Invalid> {
    let wrong = |rule: String| Invalid::new("data_base64", rule);
    let text: String =
        serde_json::from_str(encoded.get()).map_err(|_| wrong("must be a text in Base64".into()))?;
    let bytes = STANDARD
        .decode(text)
        .map_err(|error| wrong(format!("is not Base64 of RFC 4648: {error}")))?;
    serde_json::from_slice(&bytes).map_err(|error| wrong(format!("does not hold JSON: {error}")))
}
