//! JSON without floats: a number is what its digits say, or it is refused.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::attribute::Invalid;

const DEPTH_LIMIT: usize = 32;
/// A decimal has at most 28 digits after the point and 29 in all.
const EXPONENT_LIMIT: i32 = 60;

/// Reads a number from its text, as JSON writes it, exponent included.
pub(super) fn decimal(text: &str) -> Option<Decimal> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    if exponent.abs() > EXPONENT_LIMIT {
        return None;
    }
    let (sign, digits) = mantissa
        .strip_prefix('-')
        .map_or(("", mantissa), |digits| ("-", digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let point = i32::try_from(whole.len()).ok()? + exponent;
    let mut digits = format!("{whole}{fraction}");
    if point <= 0 {
        digits.insert_str(0, &"0".repeat(usize::try_from(1 - point).ok()?));
    }
    let point = usize::try_from(point.max(1)).ok()?;
    while digits.len() < point {
        digits.push('0');
    }
    let (whole, fraction) = digits.split_at(point);
    let plain = format!("{sign}{whole}.{}", fraction.trim_end_matches('0'));
    let number = Decimal::from_str_exact(plain.trim_end_matches('.')).ok()?;
    Some(number.normalize())
}

/// Reads any JSON. A number that a float does not hold becomes the text of its digits, which is how
/// amounts are read exactly.
///
/// # Errors
/// A name that comes twice, a NUL, a number beyond a decimal, or objects too deep; the place is named.
pub(super) fn value(json: &RawValue, place: &str, depth: usize) -> Result<Value, Invalid> {
    let text = json.get();
    let wrong = |rule: &str| Invalid::new(place, rule);
    if depth > DEPTH_LIMIT {
        return Err(wrong("is nested too deep: at most 32 levels are allowed"));
    }
    match text.as_bytes().first() {
        Some(b'{') => {
            let mut object = Map::new();
            for (name, member) in members(text, place)? {
                let inner = format!("{place}.{name}");
                object.insert(name, value(member, &inner, depth + 1)?);
            }
            Ok(Value::Object(object))
        }
        Some(b'[') => {
            let items: Vec<&RawValue> =
                serde_json::from_str(text).map_err(|error| wrong(&error.to_string()))?;
            let read = |(at, item): (usize, &&RawValue)| value(item, &format!("{place}[{at}]"), depth + 1);
            items
                .iter()
                .enumerate()
                .map(read)
                .collect::<Result<_, _>>()
                .map(Value::Array)
        }
        Some(b'-' | b'0'..=b'9') => number(text)
            .ok_or_else(|| wrong("is not a number of at most 28 digits: nothing here is read by halves")),
        _ => match serde_json::from_str(text).map_err(|error| wrong(&error.to_string()))? {
            Value::String(text) if text.contains('\0') => Err(wrong("has a NUL character in it")),
            other => Ok(other),
        },
    }
}

/// An object's members; a name must not come twice.
pub(super) fn members<'a>(json: &'a str, place: &str) -> Result<BTreeMap<String, &'a RawValue>, Invalid> {
    let pairs = pairs(json.as_bytes()).map_err(|_| Invalid::new(place, "must be a JSON object"))?;
    let mut members = BTreeMap::new();
    for (name, value) in pairs {
        if name.contains('\0') {
            return Err(Invalid::new(place, "has a NUL character in a name"));
        }
        if members.contains_key(&name) {
            return Err(Invalid::new(format!("{place}.{name}"), "is given twice"));
        }
        members.insert(name, value);
    }
    Ok(members)
}

fn number(text: &str) -> Option<Value> {
    if let Ok(whole) = text.parse::<i64>() {
        return Some(whole.into());
    }
    let exact = decimal(text)?;
    let float: f64 = text.parse().ok()?;
    let held = Decimal::from_str_exact(&float.to_string()).is_ok_and(|held| held == exact);
    Some(if held {
        float.into()
    } else {
        exact.to_string().into()
    })
}

/// An object's names and values in their order, one that comes twice included.
pub(super) fn pairs(json: &[u8]) -> serde_json::Result<Vec<(String, &RawValue)>> {
    serde_json::from_slice::<Pairs<'_>>(json).map(|pairs| pairs.0)
}

struct Pairs<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> serde::Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> serde::de::Visitor<'de> for Object {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(pairs)
            }
        }
        deserializer.deserialize_map(Object).map(Pairs)
    }
}
