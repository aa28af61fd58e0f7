//! A stored payload's members, with their texts as they are: only those that are sealed or opened change.

use std::borrow::Cow;
use std::fmt;

use domain::kernel::SEALED;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// What every payload with a sealed value has in it. In a text it can't stand, since quotes are escaped there.
const MARK: &str = "\"$sealed\"";
/// How a sealed value is written.
const BEGIN: &str = "{\"$sealed\":\"";

/// Whether anything in a payload may be sealed.
pub(super) fn may_be_sealed(payload: &str) -> bool {
    payload.contains(MARK)
}

/// An object's members in their order, each with the text of its value.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Vec<(String, &'de RawValue)>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(Collect).map(Members)
    }
}

/// The variant's name and its members, of a payload of one variant.
fn variant(payload: &str) -> Option<(String, Vec<(String, &RawValue)>)> {
    let outer: Members<'_> = serde_json::from_str(payload).ok()?;
    let [(name, inner)] = <[_; 1]>::try_from(outer.0).ok()?;
    let inner: Members<'_> = serde_json::from_str(inner.get()).ok()?;
    Some((name, inner.0))
}

/// An object of the one member that sealed values have, however it is spaced.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Whole {
    #[serde(rename = "$sealed")]
    sealed: String,
}

/// What is sealed in a member's text, if it is.
fn sealed_text(value: &str) -> Option<Cow<'_, str>> {
    if !value.starts_with('{') || !value.contains(MARK) {
        return None;
    }
    let text = value
        .strip_prefix(BEGIN)
        .and_then(|text| text.strip_suffix("\"}"));
    if let Some(text) = text.filter(|text| !text.contains(['"', '\\'])) {
        return Some(Cow::Borrowed(text));
    }
    let whole: Whole = serde_json::from_str(value).ok()?;
    Some(Cow::Owned(whole.sealed))
}

/// The sealed values of a payload among these fields, in order.
pub(super) fn sealed_values(payload: &str, fields: &[String]) -> Vec<String> {
    if fields.is_empty() || !may_be_sealed(payload) {
        return Vec::new();
    }
    let members = variant(payload).map(|(_, members)| members).unwrap_or_default();
    let personal = members.into_iter().filter(|(name, _)| fields.contains(name));
    personal
        .filter_map(|(_, value)| sealed_text(value.get()).map(Cow::into_owned))
        .collect()
}

/// The names of the fields that hold anything, and whether it is sealed.
pub(crate) fn held(payload: &str, fields: &[String]) -> Vec<(String, bool)> {
    let members = variant(payload).map(|(_, members)| members).unwrap_or_default();
    members
        .into_iter()
        .filter(|(name, value)| fields.contains(name) && value.get() != "null")
        .map(|(name, value)| (name, sealed_text(value.get()).is_some()))
        .collect()
}

/// The payload with the values of these fields changed by `change`, which gets a field's name and the text of its
/// value, and gives the text that takes its place (`None`: it stays). A payload that is no object of one variant stays.
pub(super) fn rewritten<E>(
    payload: &str,
    fields: &[String],
    mut change: impl FnMut(&str, &str) -> Result<Option<String>, E>,
) -> Result<Option<String>, E> {
    let Some((name, members)) = variant(payload) else {
        return Ok(None);
    };
    let mut out = String::with_capacity(payload.len() + 64);
    let mut is_changed = false;
    out.push('{');
    push_text(&mut out, &name);
    out.push_str(":{");
    for (number, (member, value)) in members.iter().enumerate() {
        if number > 0 {
            out.push(',');
        }
        push_text(&mut out, member);
        out.push(':');
        let text = match fields.contains(member) {
            true => change(member, value.get())?,
            false => None,
        };
        is_changed |= text.is_some();
        out.push_str(text.as_deref().unwrap_or_else(|| value.get()));
    }
    out.push_str("}}");
    Ok(is_changed.then_some(out))
}

/// The payload with what `seal` makes of its personal fields; absent ones stay absent.
pub(super) fn with_sealed<E>(
    payload: &str,
    fields: &[String],
    mut seal: impl FnMut(&str, &str) -> Result<String, E>,
) -> Result<Option<String>, E> {
    rewritten(payload, fields, |field, value| match value {
        "null" => Ok(None),
        value => Ok(Some(format!("{{\"{SEALED}\":\"{}\"}}", seal(field, value)?))),
    })
}

/// The payload with what `open` makes of its sealed fields.
pub(super) fn with_opened<E>(
    payload: &str,
    fields: &[String],
    mut open: impl FnMut(&str, &str) -> Result<String, E>,
) -> Result<Option<String>, E> {
    if fields.is_empty() || !may_be_sealed(payload) {
        return Ok(None);
    }
    rewritten(payload, fields, |field, value| match sealed_text(value) {
        Some(sealed) => open(field, &sealed).map(Some),
        None => Ok(None),
    })
}

fn push_text(out: &mut String, text: &str) {
    out.push_str(&serde_json::Value::from(text).to_string());
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAYLOAD: &str = r#"{"captured":{"b":1.50,"name":"A\"da","phone":null,"z":{"name":"other"}}}"#;

    fn fields() -> Vec<String> {
        ["name", "phone"].map(str::to_owned).into()
    }

    fn seal(field: &str, value: &str) -> Result<String, ()> {
        Ok(format!("{field}-{}", value.len()))
    }

    #[test]
    fn only_personal_members_that_hold_something_are_sealed_and_all_other_text_stays() {
        let sealed = with_sealed(PAYLOAD, &fields(), seal).unwrap().unwrap();
        assert_eq!(
            sealed,
            r#"{"captured":{"b":1.50,"name":{"$sealed":"name-7"},"phone":null,"z":{"name":"other"}}}"#
        );
        assert_eq!(sealed_values(&sealed, &fields()), ["name-7"]);
        assert_eq!(held(&sealed, &fields()), [("name".to_owned(), true)]);
        let open = |_: &str, _: &str| Ok::<_, ()>(r#""A\"da""#.to_owned());
        assert_eq!(with_opened(&sealed, &fields(), open).unwrap().unwrap(), PAYLOAD);
    }

    #[test]
    fn a_text_that_looks_like_a_sealed_value_is_none() {
        let payload = r#"{"captured":{"name":"{\"$sealed\":\"v1.a.b\"}"}}"#;
        assert!(!may_be_sealed(payload));
        assert!(sealed_values(payload, &fields()).is_empty());
        let nested = r#"{"recorded":{"data":{"$sealed":"v1.a.b"}}}"#;
        assert!(sealed_values(nested, &fields()).is_empty());
        assert_eq!(with_opened(nested, &[], seal).unwrap(), None);
    }

    #[test]
    fn a_sealed_value_is_one_however_it_is_spaced() {
        let spaced = r#"{"captured": {"name": { "$sealed" : "v1.a.b" }}}"#;
        assert_eq!(sealed_values(spaced, &fields()), ["v1.a.b"]);
        assert_eq!(held(spaced, &fields()), [("name".to_owned(), true)]);
        let two = r#"{"captured":{"name":{"$sealed":"v1.a.b","other":"x"}}}"#;
        assert_eq!(held(two, &fields()), [("name".to_owned(), false)]);
    }

    #[test]
    fn a_payload_of_another_shape_stays() {
        for payload in ["null", "[]", "{}", r#"{"a":{},"b":{}}"#, "\"captured\"", "{"] {
            assert_eq!(with_sealed(payload, &fields(), seal), Ok(None), "{payload}");
        }
    }
}
