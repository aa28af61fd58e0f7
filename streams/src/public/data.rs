//! What of an event's payload leaves: the newest shape, without secrets, and without personal data unless it may.

use std::borrow::Cow;
use std::collections::BTreeMap;

use domain::RecordedEvent;
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use super::catalog::PublicType;
use super::event::PersonalData;

/// The public data of an event. The stored text is passed on as it is where nothing has to be left out.
///
/// # Errors
/// When the stored payload is no JSON object of one variant, which the log does not write.
pub(super) fn data<'a>(
    event: &'a RecordedEvent,
    public: &PublicType,
    personal: PersonalData,
) -> Result<Cow<'a, RawValue>, serde_json::Error> {
    // An erased member is absent, as a withheld one is: schemas let both be.
    let withheld = |name: &str, is_null: bool| {
        public.secret.contains(name)
            || (public.personal.contains(name) && (is_null || personal == PersonalData::Withheld))
    };
    if event.version != public.version {
        let mut members = match event.event.encode() {
            Value::Object(variant) => variant.into_iter().next().map(|(_, members)| members),
            _ => None,
        };
        if let Some(Value::Object(members)) = &mut members {
            members.retain(|name, value| !withheld(name, value.is_null()));
        }
        return Ok(Cow::Owned(to_raw_value(&members.unwrap_or_default())?));
    }
    let variant: BTreeMap<Cow<'a, str>, &'a RawValue> = serde_json::from_str(&event.payload)?;
    let none = || serde::de::Error::custom("a stored payload has one variant");
    let members = *variant.values().next().ok_or_else(none)?;
    if public.personal.is_empty() && public.secret.is_empty() {
        return Ok(Cow::Borrowed(members));
    }
    let mut members: BTreeMap<Cow<'_, str>, &RawValue> = serde_json::from_str(members.get())?;
    members.retain(|name, value| !withheld(name, value.get() == "null"));
    Ok(Cow::Owned(to_raw_value(&members)?))
}
